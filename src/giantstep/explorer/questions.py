"""Questions: the fields of a panel's form, checked; complaints in one sentence that names the field."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from giantstep.errors import GiantStepError, SpecError, nearest

if TYPE_CHECKING:
    from giantstep.targets import Target

Number = int | float


def _whole(value: Any) -> Any:
    """A page has one kind of number: 1e6 means 1000000."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


class Question(BaseModel):
    """Fields of a form; unknown ones are errors."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, str_max_length=2000
    )


Asked = TypeVar("Asked", bound=Question)


def read(kind: type[Asked], question: Any) -> Asked:
    """Return the question as an object.

    Raises
    ------
    SpecError
        Names the field, what was found and what is allowed.
    """
    try:
        return kind.model_validate(question)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    name = ".".join(
        str(part) for part in first["loc"] if not str(part).startswith(("function", "str", "int", "float"))
    )
    if first["type"] == "extra_forbidden":
        allowed = ", ".join(kind.model_fields)
        raise SpecError(
            f"{name[:40]!r}: there is no such field{nearest(name, kind.model_fields)}; expected {allowed}."
        )
    if first["type"] == "missing":
        raise SpecError(f"{name}: is missing.")
    expected = first["msg"].replace("Input should be", "expected").replace("String should", "expected to")
    found = repr(first["input"])
    raise SpecError(f"{name}: found {found if len(found) <= 40 else found[:38] + '..'}, {expected}.")


def named(name: str, make: Any) -> Any:
    """Return ``make()``; its complaints begin with the field's name."""
    try:
        return make()
    except GiantStepError as error:
        text = str(error)
        if text.startswith(name):
            raise
        raise type(error)(f"{name}: {text}") from None


def read_target(text: str, noise: Number) -> Target:
    """Return the target of a name or an expression; noise, where there is any, instead of the catalog's."""
    from giantstep.targets.reading import named_or_written

    target = named("target", lambda: named_or_written(text))
    return replace(target, noise=float(noise)) if noise else target


def between(name: str, value: Number, low: Number, high: Number) -> None:
    """Raise `SpecError` for a number out of range."""
    if not low <= value <= high:
        raise SpecError(f"{name}: found {value:g}, expected a number from {low:g} to {high:g}.")
