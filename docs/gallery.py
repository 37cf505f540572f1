"""Draw the gallery of figures into docs/images: one SVG a kind, from small runs and quick studies.

    python docs/gallery.py [FOLDER]

Some minutes; the same pictures on any machine with the same versions.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import giantstep as gs
from giantstep.figures import draw
from giantstep.figures.export import save

IMAGES = Path(__file__).parent / "images"

STAIR = gs.Target.parse("z1 + z1*z2")
NETWORK = gs.Network(width=8, activation="relu")
STEPS = gs.Protocol.repeat(3, batch="3d", learning_rate=3.0)


def overlap_plane() -> Any:
    """Neurons in the plane of z1 and z2, theory among them."""
    data = gs.simulate(STAIR, NETWORK, STEPS, dimension=1000, seeds=6)
    return draw("overlap-plane", data, theory=gs.predict.overlaps(STAIR, NETWORK, STEPS))


def overlap_steps() -> Any:
    """The stairway of one run."""
    data = gs.simulate(STAIR, NETWORK, STEPS, dimension=1000, seeds=6)
    theory, certificate = gs.predict.overlaps(STAIR, NETWORK, STEPS), gs.analyze(STAIR, NETWORK, STEPS)
    return draw("stairway", data, theory=theory, certificate=certificate)


def learning_curve() -> Any:
    """One learning curve with both theories, random features and a simulation."""
    from giantstep.studies.learning_walk import CurveSetting, learning_walk

    target = gs.Target.parse("relu(z1)")
    setting = CurveSetting(target, "relu", 1.5, 4.0, 1.0, 0.1, (0.5, 1.0, 2.0, 4.0))
    common: dict[str, Any] = {
        "sample_ratio": np.geomspace(0.4, 5.0, 24).tolist(),
        "first_batch_ratio": setting.first_batch_ratio,
        "ridge": setting.ridge,
    }
    step = {"learning_rate_ratio": setting.learning_rate_ratio}
    return draw(
        "learning-curves",
        gs.predict.features(target, "relu", **step, **common),
        isotropic=gs.predict.features(target, "relu", theory="isotropic", **step, **common),
        baseline=gs.predict.features(target, "relu", learning_rate_ratio=0.0, **common),
        measured=learning_walk(setting, dimension=300, seeds=6).data,
    )


def spike_map() -> Any:
    """Strength, alignment and bulk against the first batch, for three steps."""
    theory = gs.predict.features(
        gs.Target.parse("sin(z1)"),
        "relu",
        sample_ratio=1.0,
        ridge=0.1,
        learning_rate_ratio=[0.5, 1.5, 3.0],
        first_batch_ratio=np.geomspace(0.25, 32.0, 40).tolist(),
    )
    return draw("spike-map", theory)


def error_bounds() -> Any:
    """Test errors of one run beside the bounds."""
    network = gs.Network(width=64, activation="relu", readout="uniform", bias=1.0)
    protocol = gs.Protocol.repeat(2, batch="16d", learning_rate="4*sqrt(p)", loss="correlation")
    data = gs.simulate(STAIR, network, protocol, dimension=64, seeds=6, ridge="auto", ridge_batch="16d")
    certificate = gs.analyze(STAIR, network, protocol)
    return draw("beyond-kernel", data, bounds=gs.predict.bounds(STAIR, certificate.subspaces))


EXPONENTS = (0.25, 0.4)
ACTIVATION = "He1+0.2*He2+0.1*He3"
TANH = gs.Target.parse("tanh(z1)", noise=0.04)


def two_steps() -> tuple[gs.Network, gs.Protocol]:
    """Return a network as wide as its inputs, and two steps with growing learning rates."""
    network = gs.Network(600, ACTIVATION, readout="uniform", symmetric=False)
    return network, gs.Protocol.of_exponents(EXPONENTS, (1, 3), batch=1000)


def spectrum() -> Any:
    """Singular values after two steps, with the outliers that theory expects."""
    from giantstep.training.outlier_simulation import simulate_outliers

    network, protocol = two_steps()
    data = simulate_outliers(TANH, network, protocol, dimension=400, seeds=3, spectrum=True)
    return draw("spectrum", data, theory=gs.predict.outliers(TANH, network, protocol, dimension=400))


def phase_map() -> Any:
    """Outliers over the exponents of both learning rates."""
    alphas = np.arange(0.0, 0.5, 0.0125).tolist()
    phases = gs.predict.outlier_phases(TANH, ACTIVATION, first_exponent=alphas, second_exponent=alphas)
    network, protocol = two_steps()
    return draw("phase-map", phases, outliers=gs.predict.outliers(TANH, network, protocol, dimension=400))


def of_study(name: str) -> Callable[[], Any]:
    """Return what draws a built-in study's own figure from its quick twin."""

    def drawn() -> Any:
        from giantstep.studies import drawable, load, run

        study = load(name, variant="quick")
        with tempfile.TemporaryDirectory() as folder:
            run(study, folder, workers=1)
            return draw(str(study.figure), drawable(folder, str(study.figure)))

    return drawn


PICTURES: dict[str, Callable[[], Any]] = {
    "overlap-plane": overlap_plane,
    "overlap-steps": overlap_steps,
    "learning-curve": learning_curve,
    "spike-map": spike_map,
    "error-bounds": error_bounds,
    "spectrum": spectrum,
    "phase-map": phase_map,
    "feature-spikes": of_study("feature-spikes"),
    "two-steps": of_study("two-steps"),
    "learning-curves": of_study("learning-curves"),
    "exponents": of_study("exponents"),
    "beyond-kernel": of_study("beyond-kernel"),
}
"""Name of the image -> what draws it."""


def main(folder: Path) -> None:
    """Draw every picture."""
    for name, picture in PICTURES.items():
        path = save(picture(), folder / f"{name}.svg")
        print(f"{path}  {path.stat().st_size / 1024:.0f} KiB", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
