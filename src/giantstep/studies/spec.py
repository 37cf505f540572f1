"""The head of a study file, and complaints in the words of its author."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError

from giantstep.errors import SpecError
from giantstep.studies.words import Spell, Words


class StudyWords(Words):
    """The head of a study file; its sweeps are read point by point."""

    schema_version: Literal[1] = 1
    title: str = ""
    figure: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**63)
    independent: bool = False
    sweep: list[dict[str, Any]] = Field(min_length=1)


def whole_numbers(value: Any) -> Any:
    """Return the value with floats that are whole, such as 1e6, as integers; the file means a number."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    return [whole_numbers(item) for item in value] if isinstance(value, list) else value


def explain(error: ValidationError, spell: Spell) -> SpecError:
    """Return pydantic's first complaint in one line, with the field as ``spell(path)`` writes it."""
    first = error.errors(include_url=False)[0]
    path = ""
    for part in first["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("<") and part not in _UNION_ARMS and "[" not in part:
            path += f".{part}" if path else part
    context = first.get("ctx", {})
    if first["type"] == "unknown_key":
        path += f".{context['key']}" if path else context["key"]
        return SpecError(f"{spell(path)}: {first['msg']}.")
    message = first["msg"].replace("Input should be", "expected")
    if first["type"] == "missing":
        return SpecError(f"{spell(path)}: is missing; give it a value in the sweep or its grid.")
    return SpecError(f"{spell(path)}: found {first['input']!r}, {message}.")


_UNION_ARMS = frozenset({"str", "int", "float", "bool"})
