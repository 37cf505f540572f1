"""The stairs of a certificate: how many directions are learnt after each step, fresh and reused batches."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from giantstep.figures.picture import Picture, Row, frame, page_look

if TYPE_CHECKING:
    from giantstep.staircase import Certificate

_HEIGHT = 230
INK = "#1b2430"
_MOST_NAMES = 26
"""Characters of the directions written at a stair; the table says the rest."""


def learned_stairs(certificates: Mapping[str, Certificate]) -> Any:
    """Return the chart of `stairs_picture`.

    Examples
    --------
    >>> from giantstep import Target, analyze
    >>> sorted(learned_stairs({"fresh batches": analyze(Target.parse("z1 + z1*z2"))}).to_dict()["datasets"])
    ['names', 'stairs']
    """
    return stairs_picture(certificates).chart()


def stairs_picture(certificates: Mapping[str, Certificate]) -> Picture:
    """Return the dimension of U_t against t, one stair a certificate, each rise with its new directions.

    Parameters
    ----------
    certificates : mapping of str to Certificate
        Name in the legend -> certificate, all of one target; at most as many as there are colours.
    """
    last = 1 + max(len(one.steps) for one in certificates.values())
    rank = max(one.effective_rank for one in certificates.values())
    tables: dict[str, list[Row]] = {"stairs": [], "names": []}
    for place, (name, one) in enumerate(certificates.items()):
        shift = 0.04 * (place - (len(certificates) - 1) / 2) * max(rank, 1)
        for step in range(last + 1):
            row = {"mode": name, "step": step, "dimension": len(one.subspace_at(step)) + shift}
            tables["stairs"].append(row)
            rises = _rises(one, step)
            if not rises:
                continue
            others = [other for mode, other in certificates.items() if mode != name]
            shared = all(_rises(other, step) and _names(other, step) == _names(one, step) for other in others)
            # What all gain alike is written once, above; else each below or above its own line.
            side = "shared" if shared else "above" if place == len(certificates) - 1 else "below"
            text = "" if shared and place else _names(one, step)
            tables["names"].append(row | {"text": text, "side": side})
    return Picture(_frame(tuple(certificates), last, max(rank, 1)), tables)


def _rises(certificate: Certificate, step: int) -> bool:
    return step > 0 and len(certificate.subspace_at(step)) > len(certificate.subspace_at(step - 1))


def _names(certificate: Certificate, step: int) -> str:
    from giantstep.staircase.words import gained_in_words

    text = gained_in_words(certificate, step)
    return text if len(text) <= _MOST_NAMES else text[: _MOST_NAMES - 2].rstrip(", ") + " .."


@lru_cache(maxsize=32)
def _frame(modes: tuple[str, ...], last: int, rank: int) -> dict[str, Any]:
    import altair as alt

    color, shape, dash = page_look(modes, field="mode")
    x = alt.X("step:Q", title="giant steps t", scale=alt.Scale(domain=[0, last], nice=False))
    x = x.axis(values=list(range(last + 1)), format="d", grid=False)
    y = alt.Y(
        "dimension:Q",
        title="directions learnt",
        scale=alt.Scale(domain=[-0.12 * rank, 1.25 * rank], nice=False),
    )
    y = y.axis(values=list(range(rank + 1)), format="d", titleAnchor="middle")
    stairs = alt.Chart(alt.NamedData("stairs"))
    names = alt.Chart(alt.NamedData("names"))
    layers = [
        stairs.mark_line(interpolate="step-after", strokeWidth=2).encode(
            x=x, y=y, color=color, strokeDash=dash
        ),
        names.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ]
    for side, offset in (("above", -13), ("below", 15), ("shared", -15)):
        words = names.transform_filter(f"datum.side === '{side}'")
        words = words.mark_text(align="left", dx=8, dy=offset, fontSize=12, fontWeight="bold")
        ink = alt.value(INK) if side == "shared" else color
        layers.append(words.encode(x=x, y=y, color=ink, text="text:N"))
    return frame(layers, height=_HEIGHT)
