"""The head of a study file, and complaints in the words of its author."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from giantstep.errors import SpecError
from giantstep.studies.words import Number, Spell, Words


class BudgetWords(Words):
    """What one run may take; it changes no result."""

    seconds: Number | None = Field(default=None, gt=0, allow_inf_nan=False)
    memory: Number | str | None = None

    @field_validator("memory")
    @classmethod
    def _read(cls, value: float | str | None) -> float | None:
        return None if value is None else read_bytes(value)


class StudyWords(Words):
    """The head of a study file; its sweeps are read point by point."""

    schema_version: Literal[1] = 1
    title: str = ""
    figure: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**63)
    independent: bool = False
    budget: BudgetWords = BudgetWords()
    sweep: list[dict[str, Any]] = Field(min_length=1)


_DEEPEST = 32
"""Levels of tables and lists that a study file may have; none needs ten."""


def read_toml(text: str, name: str) -> dict[str, Any]:
    """Return the tables of a study file.

    Raises
    ------
    SpecError
        For what is not TOML, nested without end, or holds a whole number that no float reaches.

    >>> read_toml("seed = 1", "study")
    {'seed': 1}
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{name}: is not TOML: {error}.") from None
    except RecursionError:
        raise SpecError(f"{name}: is nested too deeply, expected at most {_DEEPEST} levels.") from None
    except ValueError:
        # Python reads no text of more than 4300 digits as a number.
        raise SpecError(f"{name}: {_TOO_LONG}.") from None
    level: list[tuple[str, Any]] = [("", table)]
    for _ in range(_DEEPEST):
        level = [inner for path, value in level for inner in _inside(path, value)]
    if level:
        raise SpecError(
            f"{_brief_path(level[0][0])}: is nested more than {_DEEPEST} levels deep; write less."
        )
    return table


def _inside(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return (path, value) of what a table or list holds; a number must fit a float."""
    if isinstance(value, dict):
        return [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    if isinstance(value, list):
        return [(f"{path}[{place}]", item) for place, item in enumerate(value)]
    if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        raise SpecError(f"{path}: {_TOO_LONG}.")
    return []


def _brief_path(path: str) -> str:
    return path if len(path) <= 60 else f"{path[:57]}..."


_LARGEST_WHOLE = 10**308
_TOO_LONG = "found a whole number of more than 308 digits; write a number such as 1e30"
_UNITS = {"": 1, "B": 1, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_UNITS |= {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def read_bytes(value: float | str) -> float:
    """Return bytes given as a number, or as text with a unit.

    >>> read_bytes("1.5 GiB"), read_bytes(2e9)
    (1610612736.0, 2000000000.0)
    """
    number = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+]?[0-9]+)?"
    match = re.fullmatch(rf"\s*({number})\s*([A-Za-z]*)\s*", str(value))
    if match is None or match[2].upper() not in _UNITS or not 0 < float(match[1]) < 1e300:
        raise PydanticCustomError("bytes", "expected a size such as 2e9, '500 MB' or '2 GiB'")
    return float(match[1]) * _UNITS[match[2].upper()]


def whole_numbers(value: Any) -> Any:
    """Return the value with floats that are whole, such as 1e6, as integers; the file means a number."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    return [whole_numbers(item) for item in value] if isinstance(value, list) else value


def explain(error: ValidationError, spell: Spell) -> SpecError:
    """Return pydantic's first complaint in one line, with the field as ``spell(path)`` writes it."""
    complaints = error.errors(include_url=False)
    first, path = complaints[0], _path(complaints[0])
    if first["type"] == "unknown_key":
        key = first["ctx"]["key"]
        return SpecError(f"{spell(f'{path}.{key}' if path else key)}: {first['msg']}.")
    if first["type"] == "missing":
        remedy = "give it a value in the sweep or its grid" if path != "sweep" else _SWEEP
        return SpecError(f"{spell(path)}: is missing; {remedy}.")
    # A field of several types has one complaint for each.
    wanted = dict.fromkeys(_wanted(one) for one in complaints if _path(one) == path)
    if "a number" in wanted:
        wanted.pop("a whole number", None)
    return SpecError(f"{spell(path)}: found {_brief(first['input'])}, expected {' or '.join(wanted)}.")


_SWEEP = "write [[sweep]], once for each grid of points"
_UNION_ARMS = frozenset({"str", "int", "float", "bool"})
_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
"""pydantic's kinds of complaints in the words of a TOML file."""


def _path(complaint: Any) -> str:
    path = ""
    for part in complaint["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("<") and part not in _UNION_ARMS and "[" not in part:
            path += f".{part}" if path else part
    return path


def _wanted(complaint: Any) -> str:
    if _path(complaint) == "sweep":
        return f"tables: {_SWEEP}"
    if complaint["type"] == "union_tag_invalid":
        tags = re.findall("<(.+?)>", complaint["ctx"]["expected_tags"])
        return " or ".join(tag if tag == "text" else f"a {tag}" for tag in tags)
    message = complaint["msg"].replace("Input should be ", "").removeprefix("expected ")
    return _WANTED.get(complaint["type"], message)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
