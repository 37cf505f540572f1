"""Panel Learning curve: the error of the readout retrained after one step, by both theories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import CapabilityError
from giantstep.explorer.exports import python, study
from giantstep.explorer.questions import Number, Question, between, named, read, read_target

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.explorer.call import Call
    from giantstep.targets import Target

FIRST = {"target": "sin(z1)", "activation": "tanh"}

LOWEST, HIGHEST, POINTS = 0.1, 20.0, 19
_LISTED = (0.1, 0.5, 1.0, 2.0, 5.0, 20.0)
"""Sample ratios of the table."""
_RANGES = {
    "learning_rate_ratio": (0.0, 1e3),
    "first_batch_ratio": (1e-3, 1e6),
    "ridge": (1e-8, 1e6),
    "width_ratio": (1e-2, 1e2),
}


class CurveQuestion(Question):
    """The form of the panel; fields as `giantstep.predict.features` takes them."""

    target: str
    noise: Number = 0.0
    activation: str = "tanh"
    learning_rate_ratio: Number = 2.0
    first_batch_ratio: Number = 4.0
    ridge: Number = 0.1
    width_ratio: Number = 1.0

    def numbers(self) -> dict[str, float]:
        """Return the four numbers of the setting."""
        return {name: getattr(self, name) for name in _RANGES}


def answer(question: Any, call: Call) -> None:
    """Emit the isotropic curve and the baseline at once, then the structured one."""
    asked = read(CurveQuestion, question)
    for name, (low, high) in _RANGES.items():
        between(name, getattr(asked, name), low, high)
    target = read_target(asked.target, asked.noise)
    ratios = [float(f"{ratio:.4g}") for ratio in sorted({*np.geomspace(LOWEST, HIGHEST, POINTS), *_LISTED})]
    curves = {
        "no_step": _theory(target, asked, ratios, "isotropic", learning_rate_ratio=0.0),
        "isotropic": _theory(target, asked, ratios, "isotropic"),
    }
    step = curves["isotropic"]
    call.say(
        "setting",
        expression=str(target),
        map={name: float(step[name]) for name in ("spike_strength", "spike_alignment", "bulk_scale")},
    )
    _show(call, curves)
    call.say("exports", study=_study(asked, target, ratios), python=_python(asked, target, ratios))
    try:
        curves["structured"] = _theory(target, asked, ratios, "structured")
    except CapabilityError as error:
        call.say("note", words=str(error))
        return
    _show(call, curves)


def _theory(
    target: Target, asked: CurveQuestion, ratios: list[float], theory: str, **changes: float
) -> xr.Dataset:
    from giantstep.asymptotics import features

    numbers: dict[str, Any] = asked.numbers() | changes
    return named(
        "curve", lambda: features(target, asked.activation, sample_ratio=ratios, theory=theory, **numbers)
    )


def _show(call: Call, curves: dict[str, xr.Dataset]) -> None:
    from giantstep.figures.one_step_curve import LINES, curve_picture
    from giantstep.figures.picture import finite

    call.draw("curve", curve_picture(curves))
    rows = []
    for ratio in _LISTED:
        errors = {
            key: finite(float(one["test_error"].sel(sample_ratio=ratio))) for key, one in curves.items()
        }
        rows.append({"ratio": ratio, "errors": [errors.get(key) for key in LINES]})
    notes = [_told(key, one) for key, one in curves.items()]
    best = curves.get("structured", curves["isotropic"])
    call.say(
        "rows",
        lines=list(LINES.values()),
        rows=rows,
        notes=[*[note for note in notes if note], *json.loads(best.attrs["corrections"])],
    )


def _told(key: str, one: xr.Dataset) -> str:
    """Return what to say of points that did not converge."""
    failed = one["status"].values != "converged"
    if not failed.any():
        return ""
    return f"{int(failed.sum())} points of the {key} theory are left out: {one['message'].values[failed][0]}"


def _study(asked: CurveQuestion, target: Target, ratios: list[float]) -> str:
    sweep = {
        "kind": "learning-curve",
        "target": target.spec(),
        "activation": asked.activation.strip(),
        **asked.numbers(),
        "sample_ratio": ratios,
        "product": {"theory": ["structured", "isotropic"]},
    }
    return study(f"Learning curve of {target}", [sweep])


def _python(asked: CurveQuestion, target: Target, ratios: list[float]) -> str:
    numbers = asked.numbers()
    rate = numbers.pop("learning_rate_ratio")
    given = ", ".join(f"{name}={value!r}" for name, value in numbers.items())
    return python(
        target,
        f"""
        ratios = {ratios!r}
        activation = {asked.activation.strip()!r}
        setting = dict(sample_ratio=ratios, {given})

        def curve(theory, rate):
            return gs.predict.features(target, activation, learning_rate_ratio=rate, theory=theory, **setting)

        curves = {{
            "no_step": curve("isotropic", 0),
            "isotropic": curve("isotropic", {rate!r}),
            "structured": curve("structured", {rate!r}),
        }}
        """,
        figures=[("one_step_curve", "one_step_curve(curves)", "curve.svg")],
    )
