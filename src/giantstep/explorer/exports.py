"""What a panel hands out: the study file and the Python code that say the same as its form."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from giantstep.targets import Target


def study(title: str, sweeps: Sequence[dict[str, Any]], *, figure: str | None = None, seed: int = 0) -> str:
    """Return the TOML that `giantstep run` takes.

    >>> print(study("A test", [{"kind": "certificate", "target": {"expression": "z1"}}]))
    schema_version = 1
    title = "A test"
    <BLANKLINE>
    [[sweep]]
    kind = "certificate"
    target = {expression = "z1"}
    <BLANKLINE>
    """
    lines = ["schema_version = 1", f"title = {toml(title)}"]
    if figure:
        lines.append(f"figure = {toml(figure)}")
    if seed:
        lines.append(f"seed = {seed}")
    for sweep in sweeps:
        lines += ["", "[[sweep]]"]
        for key, value in sweep.items():
            if key in ("product", "zip"):
                lines += [f"{key}.{name} = {toml(values)}" for name, values in value.items()]
            else:
                lines.append(f"{key} = {toml(value)}")
    return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """Return a value in TOML.

    >>> toml({"a": [1, 2.5, True], "b": "x"})
    '{a = [1, 2.5, true], b = "x"}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        # JSON's strings are TOML's, DEL apart; characters beyond the first plane need no surrogates here.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def python(target: Target, body: str, figures: Sequence[tuple[str, str, str]]) -> str:
    """Return a script: the target, what was computed, and its figures as (module, call, file)."""
    lines = ["import giantstep as gs"]
    lines += [
        f"from giantstep.figures.{module} import {call.partition('(')[0]}" for module, call, _ in figures
    ]
    if figures:
        lines.append("from giantstep.figures.export import save")
    noise = f", noise={target.noise!r}" if target.noise else ""
    lines += ["", f"target = gs.Target.parse({str(target)!r}, rank={target.rank}{noise})"]
    lines.append(textwrap.dedent(body).strip("\n"))
    lines += [f"save({call}, {file!r})" for _, call, file in figures]
    return "\n".join(lines) + "\n"
