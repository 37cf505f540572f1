"""Figures: a labelled Dataset in, an Altair chart out; one function a kind."""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from typing import Any

_KINDS = {
    "stairway": "giantstep.figures.stairway",
    "exponents": "giantstep.figures.exponents",
    "beyond-kernel": "giantstep.figures.beyond_kernel",
    "learning-curves": "giantstep.figures.learning_curves",
    "feature-spikes": "giantstep.figures.feature_spikes",
    "deep-features": "giantstep.figures.deep_features",
    "multi-task": "giantstep.figures.multi_task",
    "overlap-plane": "giantstep.figures.overlap_plane",
    "two-steps": "giantstep.figures.two_steps",
    "spike-map": "giantstep.figures.spike_map",
    "time-scales": "giantstep.figures.time_scales",
    "minimax": "giantstep.figures.minimax",
    "phase-map": "giantstep.figures.phase_map",
    "spectrum": "giantstep.figures.spectrum",
}


def kinds() -> tuple[str, ...]:
    """Return the kinds of figures there are.

    >>> {"stairway", "overlap-plane"} <= set(kinds())
    True
    """
    return tuple(_KINDS)


def check_kind(kind: str) -> None:
    """Raise a `SpecError` for a kind that does not exist."""
    from giantstep.errors import SpecError, nearest

    if kind not in _KINDS:
        raise SpecError(f"figure: found {kind!r}, expected {', '.join(_KINDS)}{nearest(kind, _KINDS)}.")


def draw(kind: str, dataset: Any, **options: Any) -> Any:
    """Return the chart of a kind; save it with `giantstep.figures.export.save`.

    Parameters
    ----------
    kind : str
        One of `kinds`.
    dataset : xarray.Dataset
        One run or prediction (what ``gs.simulate`` and ``gs.predict.*`` return), or a study's results
        (``giantstep.studies.drawable``).
    **options
        What else the figure can show, such as ``theory=``; see the function of the kind.

    Raises
    ------
    SpecError
        For a kind that does not exist, or a Dataset that lacks what the figure needs.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target, predict
    >>> theory = predict.overlaps(Target.parse("z1"), Network(2), Protocol.repeat(1, batch="2d"))
    >>> draw("stairway", theory).to_dict()["title"]["text"]
    'Overlaps after every giant step'
    """
    check_kind(kind)
    function = getattr(import_module(_KINDS[kind]), kind.replace("-", "_"))
    _check_options(kind, function, options)
    return function(dataset, **options)


def _check_options(kind: str, function: Any, options: dict[str, Any]) -> None:
    """Raise for an option the figure does not have."""
    from giantstep.errors import SpecError, nearest

    parameters = signature(function).parameters.values()
    known = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return
    for name in options:
        if name not in known:
            allowed = ", ".join(known) or "nothing"
            raise SpecError(
                f"figure {kind}: found {name!r}, expected {allowed} beside the data{nearest(name, known)}."
            )
