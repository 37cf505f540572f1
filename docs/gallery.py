"""Draw the pictures of the documentation: of every kind of figure, and those of the papers' pages.

    python docs/gallery.py [IMAGE ..]

An image is named by its place in docs/images. One in kinds/ comes from a run or a study of seconds, one of
`PICTURES`; the tests draw these, too, and hold the ones kept here to what they draw. Another one comes from a
built-in study, one of `PAGES`, in minutes. Without a name: everything in kinds/.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import giantstep as gs
from giantstep.figures import draw
from giantstep.figures.export import save

HERE = Path(__file__).parent
IMAGES = HERE / "images"

STAIR = gs.Target.parse("z1 + z1*z2")
NETWORK = gs.Network(width=8, activation="relu")
STEPS = gs.Protocol.repeat(3, batch="3d", learning_rate=3.0)


@dataclass(frozen=True)
class Picture:
    """A picture of one kind of figure, and what draws it."""

    kind: str
    drawn: Callable[[str], Any]

    def chart(self) -> Any:
        """Draw it."""
        return self.drawn(self.kind)


def overlap_plane(kind: str) -> Any:
    """Neurons in the plane of z1 and z2, theory among them."""
    data = gs.simulate(STAIR, NETWORK, STEPS, dimension=1000, seeds=6)
    return draw(kind, data, theory=gs.predict.overlaps(STAIR, NETWORK, STEPS))


def overlap_steps(kind: str) -> Any:
    """The stairway of one run."""
    data = gs.simulate(STAIR, NETWORK, STEPS, dimension=1000, seeds=6)
    theory, certificate = gs.predict.overlaps(STAIR, NETWORK, STEPS), gs.analyze(STAIR, NETWORK, STEPS)
    return draw(kind, data, theory=theory, certificate=certificate)


def learning_curve(kind: str) -> Any:
    """One learning curve with both theories, random features and a simulation."""
    from giantstep.studies.learning_walk import CurveSetting, learning_walk

    target = gs.Target.parse("relu(z1)")
    setting = CurveSetting(target, "relu", 1.5, 4.0, 1.0, 0.1, (0.5, 1.0, 2.0, 4.0))
    common: dict[str, Any] = {
        "sample_ratio": np.geomspace(0.4, 5.0, 16).tolist(),
        "first_batch_ratio": setting.first_batch_ratio,
        "ridge": setting.ridge,
    }
    step = {"learning_rate_ratio": setting.learning_rate_ratio}
    return draw(
        kind,
        gs.predict.features(target, "relu", **step, **common),
        isotropic=gs.predict.features(target, "relu", theory="isotropic", **step, **common),
        baseline=gs.predict.features(target, "relu", learning_rate_ratio=0.0, **common),
        measured=learning_walk(setting, dimension=200, seeds=6).data,
    )


def spike_map(kind: str) -> Any:
    """Strength, alignment and bulk against the first batch, for three steps."""
    theory = gs.predict.features(
        gs.Target.parse("sin(z1)"),
        "relu",
        sample_ratio=1.0,
        ridge=0.1,
        theory="isotropic",
        learning_rate_ratio=[0.5, 1.5, 3.0],
        first_batch_ratio=np.geomspace(0.25, 32.0, 40).tolist(),
    )
    return draw(kind, theory)


def error_bounds(kind: str) -> Any:
    """Test errors of one run beside the bounds."""
    network = gs.Network(width=64, activation="relu", readout="uniform", bias=1.0)
    protocol = gs.Protocol.repeat(2, batch="16d", learning_rate="4*sqrt(p)", loss="correlation")
    data = gs.simulate(STAIR, network, protocol, dimension=64, seeds=6, ridge="auto", ridge_batch="16d")
    certificate = gs.analyze(STAIR, network, protocol)
    return draw(kind, data, bounds=gs.predict.bounds(STAIR, certificate.subspaces))


EXPONENTS = (0.25, 0.4)
ACTIVATION = "He1+0.2*He2+0.1*He3"
TANH = gs.Target.parse("tanh(z1)", noise=0.04)


def two_steps() -> tuple[gs.Network, gs.Protocol]:
    """Return a network wider than its inputs, and two steps with growing learning rates."""
    network = gs.Network(600, ACTIVATION, readout="uniform", symmetric=False)
    return network, gs.Protocol.of_exponents(EXPONENTS, (1, 3), batch=1000)


def spectrum(kind: str) -> Any:
    """Singular values after two steps, with the outliers that theory expects."""
    from giantstep.training.outlier_simulation import simulate_outliers

    network, protocol = two_steps()
    data = simulate_outliers(TANH, network, protocol, dimension=400, seeds=3, spectrum=True)
    return draw(kind, data, theory=gs.predict.outliers(TANH, network, protocol, dimension=400))


def phase_map(kind: str) -> Any:
    """Outliers over the exponents of both learning rates."""
    alphas = np.arange(0.0, 0.5, 0.0125).tolist()
    phases = gs.predict.outlier_phases(TANH, ACTIVATION, first_exponent=alphas, second_exponent=alphas)
    network, protocol = two_steps()
    return draw(kind, phases, outliers=gs.predict.outliers(TANH, network, protocol, dimension=400))


def small_study(kind: str) -> Any:
    """Return the figure of the study docs/pictures/KIND.toml."""
    from giantstep.studies import Study

    return of_study(kind, Study.parse((HERE / f"pictures/{kind}.toml").read_text("utf-8")))


def of_study(kind: str, study: Any) -> Any:
    """Run a study in a folder of its own, and return its figure."""
    from giantstep.studies import drawable, run

    with tempfile.TemporaryDirectory() as folder:
        summary = run(study, folder, workers=1)
        if summary.failures:
            raise RuntimeError(f"{kind}: {summary.failures}")
        return draw(kind, drawable(folder, kind))


PICTURES: dict[str, Picture] = {
    "overlap-plane": Picture("overlap-plane", overlap_plane),
    "overlap-steps": Picture("stairway", overlap_steps),
    "learning-curve": Picture("learning-curves", learning_curve),
    "spike-map": Picture("spike-map", spike_map),
    "error-bounds": Picture("beyond-kernel", error_bounds),
    "spectrum": Picture("spectrum", spectrum),
    "phase-map": Picture("phase-map", phase_map),
} | {study.stem: Picture(study.stem, small_study) for study in sorted((HERE / "pictures").glob("*.toml"))}
"""Name of an image in docs/images/kinds -> what draws it."""

PAGES: dict[str, str | None] = {
    "stairway": None,
    "exponents": "quick",
    "beyond-kernel": "quick",
    "learning-curves": "quick",
    "feature-spikes": "quick",
    "two-steps": "quick",
    "time-scales": None,
    "minimax": None,
    "deep-features": None,
    "multi-task": None,
}
"""Built-in study whose own figure a page shows -> its variant."""


def page_figure(name: str) -> Any:
    """Return the figure of a page, from its built-in study."""
    from giantstep.studies import load

    study = load(name, variant=PAGES[name])
    return of_study(str(study.figure), study)


def main(names: list[str], folder: Path = IMAGES) -> None:
    """Draw images into a folder."""
    for name in names or [f"kinds/{picture}" for picture in PICTURES]:
        place, _, picture = name.rpartition("/")
        chart = PICTURES[picture].chart() if place == "kinds" else page_figure(name)
        path = save(chart, folder / f"{name}.svg")
        print(f"{path}  {path.stat().st_size / 1024:.0f} KiB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
