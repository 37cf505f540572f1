"""Panel Steps: a simulation step by step, at any dimension, beside what theory expects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from giantstep.errors import CapabilityError
from giantstep.explorer.exports import python, study
from giantstep.explorer.questions import Number, Question, Whole, between, named, read, read_target

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.explorer.call import Call
    from giantstep.networks import Network
    from giantstep.networks.order_parameters import OrderParameters
    from giantstep.protocol import Protocol
    from giantstep.staircase import Certificate
    from giantstep.targets import Target

WIDEST, LONGEST, MOST_SEEDS = 256, 12, 20
MOST_SECONDS = 20.0
"""Estimates above this are refused; they are good to a factor of two, and the wall is at thirty."""
MOST_MEMORY = 2.0 * 2**30


class StepsQuestion(Question):
    """The form of the panel; fields as the options of `giantstep simulate`."""

    target: str
    noise: Number = 0.0
    activation: str = "relu"
    bias: Number = 0.0
    width: Whole = 8
    dimension: Whole = 100000
    batch: str = "3d"
    steps: Whole = 3
    learning_rate: str = "3"
    mode: Literal["fresh", "reused"] = "fresh"
    preprocess: bool = False
    loss: str = "square"
    seeds: Whole = 3
    seed: Whole = 0

    def network(self) -> Network:
        from giantstep.networks import Network

        return named("network", lambda: Network(**self.network_words()))

    def protocol(self) -> Protocol:
        from giantstep.protocol import Protocol

        return named("protocol", lambda: Protocol.repeat(**self.protocol_words()))

    def network_words(self) -> dict[str, Any]:
        """Return the network as a study file and `giantstep.Network` spell it."""
        words: dict[str, Any] = {"width": self.width, "activation": self.activation.strip()}
        return words | ({"bias": self.bias} if self.bias else {})

    def protocol_words(self) -> dict[str, Any]:
        """Return the protocol as a study file and `giantstep.Protocol.repeat` spell it."""
        words: dict[str, Any] = {
            "steps": self.steps,
            "batch": self.batch,
            "learning_rate": self.learning_rate,
            "loss": self.loss,
        }
        words |= {"reuse": True} if self.mode == "reused" else {}
        return words | ({"preprocess": True} if self.preprocess else {})


FIRST = {"target": "stair2", "dimension": 1000, "steps": 1, "seeds": 2}


def answer(question: Any, call: Call) -> None:
    """Emit the setting, theory's lines, and then every step as it is taken."""
    from giantstep.staircase import analyze
    from giantstep.studies.walk import expected_overlaps
    from giantstep.training.simulation import simulate

    asked = read(StepsQuestion, question)
    for name, value, most in (
        ("width", asked.width, WIDEST),
        ("steps", asked.steps, LONGEST),
        ("seeds", asked.seeds, MOST_SEEDS),
    ):
        between(name, value, 1, most)
    between("seed", asked.seed, 0, 2**63 - 1)
    target, network, protocol = read_target(asked.target, asked.noise), asked.network(), asked.protocol()
    run = _Run(asked, target, network, protocol)
    call.say("exports", study=_study(asked, target), python=_python(asked, target))
    call.say("setting", **run.afford())
    certificate = analyze(target, network, protocol, dimension=asked.dimension)
    expected = expected_overlaps(target, network, protocol, dimension=asked.dimension, seed=asked.seed)
    show = _Show(call, run, certificate, expected.overlaps)
    show.begin(expected.note)
    done = 0

    def advance(samples: int) -> None:
        nonlocal done
        done += samples
        call.progress(done / run.samples)

    data = simulate(
        target,
        network,
        protocol,
        dimension=asked.dimension,
        seeds=asked.seeds,
        seed=asked.seed,
        on_progress=advance,
        on_step=show.step,
    )
    troubles = [str(message) for message in data["message"].values if str(message)]
    if troubles:
        call.say("note", words=f"{len(troubles)} of {asked.seeds} seeds: {troubles[0]}")


class _Run:
    """What will be simulated, and what it costs."""

    def __init__(self, asked: StepsQuestion, target: Target, network: Network, protocol: Protocol) -> None:
        from giantstep.training.choice import choose
        from giantstep.training.experiment import Experiment
        from giantstep.training.simulation import check_dimension

        check_dimension(asked.dimension, target.rank)
        network.check_dimension(asked.dimension, target.rank)
        self.asked, self.target, self.network = asked, target, network
        experiment = self.experiment = Experiment(target, network, protocol, asked.dimension)
        self.batches, self.rates = experiment.batches, experiment.learning_rates
        self.choice = choose(experiment)
        self.samples = asked.seeds * sum(self.batches)

    def signs(self, replicate: int) -> list[int]:
        """Return 1 for each neuron whose readout weight is negative; replicates draw their own."""
        from giantstep.streams import Streams

        one = replace(self.experiment, streams=Streams(self.asked.seed, replicate))
        return [int(a < 0) for a in one.draw_readout()]

    def afford(self) -> dict[str, Any]:
        """Return the setting in words.

        Raises
        ------
        CapabilityError
            When it would take too long, or too much memory, for a page.
        """
        seconds, memory = self.asked.seeds * self.choice.cost.seconds, self.choice.cost.memory
        remedy = (
            "Lower the batch, the width, the steps or the seeds; or save the study file below and run it."
        )
        if seconds > MOST_SECONDS:
            raise CapabilityError(
                f"this run: would take about {_duration(seconds)}, "
                f"and the explorer allows {MOST_SECONDS:g} s. {remedy}"
            )
        if memory > MOST_MEMORY:
            raise CapabilityError(
                f"this run: would take about {memory / 2**30:.1f} GiB, and the explorer allows "
                f"{MOST_MEMORY / 2**30:g} GiB. {remedy}"
            )
        return {
            "expression": str(self.target),
            "rank": self.target.rank,
            "batch": self.batches[0],
            "learning_rate": self.rates[0],
            "engine": self.choice.engine,
            "reason": self.choice.reason,
            "estimate": seconds,
        }


class _Show:
    """What has been simulated so far, redrawn after every step."""

    def __init__(self, call: Call, run: _Run, certificate: Certificate, theory: xr.Dataset | None) -> None:
        import xarray as xr

        from giantstep.labels import directions

        asked, width, rank = run.asked, run.network.width, run.target.rank
        self.call, self.run, self.certificate, self.theory = call, run, certificate, theory
        shape = (asked.seeds, asked.steps + 1, width)
        dims = ("replicate", "step", "neuron")
        self.data = xr.Dataset(
            {
                "overlaps": ((*dims, "direction"), np.full((*shape, rank), np.nan)),
                "self_overlaps": ((*dims, "neuron_other"), np.full((*shape, width), np.nan)),
            },
            {"direction": directions(rank)},
            {"dimension": asked.dimension},
        )

    def begin(self, note: str) -> None:
        """Show theory alone."""
        from giantstep.figures.neuron_plane import SIGNS, plane_frame, plane_tables

        self.call.say(
            "plane",
            frame=plane_frame("first axis", "second axis"),
            tables=plane_tables(),
            kinds=list(SIGNS),
            directions=[str(name) for name in self.data["direction"].values],
            rings=[] if self.theory is None else _places(self.theory.expand_dims("replicate"), 0),
            signs=[self.run.signs(replicate) for replicate in range(self.data.sizes["replicate"])],
        )
        if note:
            self.call.say("note", words=note)
        self._draw()

    def step(self, replicate: int, step: int, snapshot: OrderParameters) -> None:
        """Show one more step of a replicate."""
        self.data["overlaps"].values[replicate, step] = snapshot.overlaps
        self.data["self_overlaps"].values[replicate, step] = snapshot.self_overlaps
        self.call.say("neurons", replicate=replicate, step=step, places=_places(self.data, replicate)[step])
        if step or replicate == 0:
            self._draw()

    def _draw(self) -> None:
        from giantstep.figures.overlap_path import path_picture

        self.call.draw("overlaps", path_picture(self.data, theory=self.theory, certificate=self.certificate))
        self.call.say("rows", rows=self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        """The table beside the figure: what was measured, and theory's number with it."""
        from giantstep.alignment import aligned_fraction
        from giantstep.figures.overlap_path import named_directions, path
        from giantstep.figures.picture import finite
        from giantstep.significance import mean_and_error

        vectors, names = named_directions(self.certificate, self.data.sizes["direction"])
        measured = path(self.data, vectors)
        expected = None if self.theory is None else path(self.theory.expand_dims("replicate"), vectors)[0]
        steps = self.data.sizes["step"]
        alignment = aligned_fraction(self.data, [np.eye(len(names))] * steps).values
        rows = []
        for step in range(steps):
            cells = []
            for place, name in enumerate(names):
                mean, error = mean_and_error(measured[:, step, place])
                theory = None if expected is None else finite(expected[step, place])
                cells.append({"name": name, "mean": finite(mean), "error": finite(error), "theory": theory})
            mean, error = mean_and_error(alignment[:, step])
            rows.append(
                {
                    "step": step,
                    "predicted": len(self.certificate.subspace_at(step)),
                    "alignment": finite(mean),
                    "alignment_error": finite(error),
                    "overlaps": cells,
                }
            )
        return rows


def _places(data: xr.Dataset, replicate: int) -> list[list[list[float | None]]]:
    """Return the cosines of a replicate's neurons with the axes, step by step; null before they are known."""
    from giantstep.figures.neuron_plane import cosines
    from giantstep.figures.picture import finite

    places = cosines(data.isel(replicate=[replicate]))[0]
    return [[[finite(x) for x in neuron] for neuron in step] for step in places]


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.0f} h"


def _study(asked: StepsQuestion, target: Target) -> str:
    sweep = {
        "kind": "simulation",
        "theory": "certificate",
        "target": target.spec(),
        "network": asked.network_words(),
        "protocol": asked.protocol_words(),
        "dimension": asked.dimension,
        "seeds": asked.seeds,
    }
    return study(f"Steps: {target}", [sweep], seed=asked.seed)


def _python(asked: StepsQuestion, target: Target) -> str:
    from giantstep.studies.walk import QUICK_SAMPLES, needs_dimension

    def call(words: dict[str, Any]) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in words.items())

    run = call({"dimension": asked.dimension, "seeds": asked.seeds, "seed": asked.seed})
    limit = call({"seed": asked.seed, "samples": QUICK_SAMPLES})
    if needs_dimension(asked.network(), asked.protocol()):
        limit = call({"dimension": asked.dimension}) + ", " + limit
    return python(
        target,
        f"""
        network = gs.Network({call(asked.network_words())})
        protocol = gs.Protocol.repeat({call(asked.protocol_words())})

        certificate = gs.analyze(target, network, protocol, dimension={asked.dimension})
        theory = gs.predict.overlaps(target, network, protocol, {limit})
        data = gs.simulate(target, network, protocol, {run})
        """,
        figures=[
            ("overlap_path", "overlap_path(data, theory=theory, certificate=certificate)", "overlaps.svg"),
            ("neuron_plane", f"neuron_plane(data, step={asked.steps})", "neurons.svg"),
        ],
    )
