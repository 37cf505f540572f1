"""Panel Spectra: the phases of two giant steps, and at one point the spectrum, predicted and measured."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import CapabilityError
from giantstep.explorer.exports import python, study
from giantstep.explorer.questions import Number, Question, Whole, between, named, read, read_target

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.explorer.call import Call
    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.targets import Target

FIRST = {"target": "tanh(z1)", "width": 40, "dimension": 30}

GRID = 40
HIGHEST = 0.49
MOST_SECONDS = 15.0


class SpectraQuestion(Question):
    """The form of the panel; fields as the options of `giantstep predict outliers`."""

    target: str
    activation: str = "He1+0.2*He2+0.1*He3"
    first_exponent: Number = 0.4
    second_exponent: Number = 0.3
    first_constant: Number = 1.0
    second_constant: Number = 3.0
    width: Whole = 600
    dimension: Whole = 400
    sample_ratio: Number = 2.5
    reuse: bool = False
    seed: Whole = 0

    def network(self) -> Network:
        from giantstep.networks import Network

        return named("network", lambda: Network(**self.network_words()))

    def network_words(self) -> dict[str, Any]:
        """Return the network as `giantstep.Network` spells it."""
        activation = self.activation.strip()
        return {"width": self.width, "activation": activation, "readout": "uniform", "symmetric": False}

    def protocol(self) -> Protocol:
        from giantstep.protocol import Protocol

        exponents, constants = self.exponents(), [self.first_constant, self.second_constant]
        return named(
            "protocol",
            lambda: Protocol.of_exponents(exponents, constants, batch=self.batch(), reuse=self.reuse),
        )

    def exponents(self) -> list[float]:
        return [float(self.first_exponent), float(self.second_exponent)]

    def batch(self) -> str:
        return f"{self.sample_ratio!r}d"


def answer(question: Any, call: Call) -> None:
    """Emit the map, the prediction at the point, and then a run with all its singular values."""
    from giantstep.asymptotics import outliers

    asked = read(SpectraQuestion, question)
    for name in ("first_exponent", "second_exponent"):
        between(name, getattr(asked, name), 0.0, HIGHEST)
    for name, low, high in (("width", 4, 2000), ("dimension", 4, 2000), ("sample_ratio", 0.1, 100)):
        between(name, getattr(asked, name), low, high)
    for name in ("first_constant", "second_constant"):
        between(name, getattr(asked, name), 1e-3, 1e3)
    between("seed", asked.seed, 0, 2**63 - 1)
    target, network, protocol = read_target(asked.target, 0), asked.network(), asked.protocol()
    _map(asked, call)
    call.say("exports", study=_study(asked, target), python=_python(asked, target))
    predicted = outliers(target, network, protocol, dimension=asked.dimension)
    _show(call, predicted, None)
    measured = _run(asked, target, network, protocol, predicted, call)
    if str(measured["message"].values[0]):
        call.say("note", words=str(measured["message"].values[0]))
    _show(call, predicted, measured)


def _map(asked: SpectraQuestion, call: Call) -> None:
    """Show the phases, and the cross on them."""
    from giantstep.figures.exponent_map import map_picture

    phases = _phases(asked.target.strip(), asked.activation.strip(), asked.reuse)
    call.draw(
        "phases", map_picture(phases, point=(float(asked.first_exponent), float(asked.second_exponent)))
    )
    call.say("map", notes=json.loads(phases.attrs["notes"]))


@lru_cache(maxsize=16)
def _phases(target: str, activation: str, reuse: bool) -> xr.Dataset:
    from giantstep.asymptotics import outlier_phases

    grid = np.linspace(0.0, HIGHEST, GRID).tolist()
    return outlier_phases(
        read_target(target, 0), activation, first_exponent=grid, second_exponent=grid, reuse=reuse
    )


def _run(
    asked: SpectraQuestion,
    target: Target,
    network: Network,
    protocol: Protocol,
    predicted: xr.Dataset,
    call: Call,
) -> xr.Dataset:
    """Take the steps once.

    Raises
    ------
    CapabilityError
        When that would take too long for a page.
    """
    from giantstep.threads import available_threads
    from giantstep.training.outlier_simulation import cost, simulate_outliers

    price = cost(target, network, protocol, asked.dimension, available_threads())
    if price.seconds > MOST_SECONDS:
        raise CapabilityError(
            f"this run: would take about {price.seconds:.0f} s, and the explorer allows "
            f"{MOST_SECONDS:g} s. Lower the width, the dimension or the batch."
        )
    total, done = sum(protocol.batches(asked.dimension, network.width)), 0

    def advance(samples: int) -> None:
        nonlocal done
        done += samples
        call.progress(0.8 * done / total)

    return simulate_outliers(
        target,
        network,
        protocol,
        dimension=asked.dimension,
        seed=asked.seed,
        spikes=predicted["left_coefficients"].values,
        spectrum=True,
        on_progress=advance,
    )


def _show(call: Call, predicted: xr.Dataset, measured: xr.Dataset | None) -> None:
    from giantstep.figures.picture import finite
    from giantstep.figures.singular_values import spectrum_picture

    call.draw("spectrum", spectrum_picture(predicted, measured))
    spikes = []
    for place in range(predicted.sizes["spike"]):
        one = predicted.isel(spike=place)
        spikes.append(
            {
                "rung": int(one["rung"]),
                "present": bool(one["present"]),
                "strength": finite(float(one["strength"])),
                "value": finite(float(one["singular_value"])),
                "teacher": finite(float(one["target_alignment"])),
                "measured_value": _measured(measured, "spike_singular_value", place),
                "measured_teacher": _measured(measured, "spike_target_alignment", place),
            }
        )
    call.say(
        "spectrum",
        edge=float(predicted["edge"]),
        threshold=float(predicted["threshold"]),
        count=int(predicted["outlier_count"]),
        measured_count=None
        if measured is None
        else int(measured["outlier_count"].isel(replicate=0, step=-1)),
        spikes=spikes,
        notes=[*json.loads(predicted.attrs["notes"]), *_said(predicted)],
    )


def _measured(measured: xr.Dataset | None, name: str, place: int) -> float | None:
    from giantstep.figures.picture import finite

    return None if measured is None else finite(float(measured[name].isel(replicate=0, spike=place)))


def _said(predicted: xr.Dataset) -> list[str]:
    message = str(predicted["message"].values)
    return [message] if message else []


def _study(asked: SpectraQuestion, target: Target) -> str:
    sweep = {
        "kind": "weight-outliers",
        "target": target.spec(),
        "network": asked.network_words(),
        "exponents": asked.exponents(),
        "constants": [asked.first_constant, asked.second_constant],
        "batch": asked.batch(),
        "reuse": asked.reuse,
        "dimension": asked.dimension,
        "spectrum": True,
        "seeds": 1,
    }
    return study(f"Spectra of {target}", [sweep], seed=asked.seed)


def _python(asked: SpectraQuestion, target: Target) -> str:
    words = ", ".join(f"{name}={value!r}" for name, value in asked.network_words().items())
    exponents, constants = asked.exponents(), [asked.first_constant, asked.second_constant]
    return python(
        target,
        f"""
        network = gs.Network({words})
        exponents, constants = {exponents!r}, {constants!r}
        reuse = {asked.reuse!r}
        protocol = gs.Protocol.of_exponents(exponents, constants, batch={asked.batch()!r}, reuse=reuse)

        grid = [{HIGHEST!r} * k / {GRID - 1} for k in range({GRID})]
        phases = gs.predict.outlier_phases(
            target, network.activation, first_exponent=grid, second_exponent=grid, reuse=reuse
        )
        predicted = gs.predict.outliers(target, network, protocol, dimension={asked.dimension})
        measured = gs.simulate_outliers(
            target, network, protocol, dimension={asked.dimension}, seed={asked.seed}, spectrum=True
        )
        """,
        figures=[
            ("exponent_map", "exponent_map(phases, point=exponents)", "phases.svg"),
            ("singular_values", "singular_values(predicted, measured)", "spectrum.svg"),
        ],
    )
