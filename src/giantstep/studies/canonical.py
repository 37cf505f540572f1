"""One text for one meaning: canonical JSON, and the hash that names a point's file."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from giantstep.errors import SpecError

SCHEMA_VERSION = 1
"""Of the point spec; it stands inside every spec, so that a change of meaning changes every hash."""


def canonical(value: Any) -> str:
    """Return the canonical JSON of a value: sorted keys, no spaces, whole floats as integers.

    Floats print as the shortest text that reads back the same. Key order and number formatting of the source
    do not matter.

    Raises
    ------
    SpecError
        For numbers that are not finite and for what JSON cannot hold.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": [0.1, 1e6]})
    '{"a":[0.1,1000000],"b":1}'
    """
    return json.dumps(_normal(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def spec_hash(text: str) -> str:
    """Return the SHA-256 of a canonical text, in hexadecimal.

    >>> spec_hash(canonical({}))[:8]
    '44136fa3'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def _normal(value: Any) -> Any:
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SpecError(f"spec: found the number {value}, expected finite numbers.")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {str(key): _normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(item) for item in value]
    raise SpecError(f"spec: found a {type(value).__name__}, expected text, numbers, lists and tables.")
