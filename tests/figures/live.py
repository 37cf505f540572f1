"""Small real Datasets that figures are drawn of, and what every chart is asked."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

import giantstep as gs

TARGET = gs.Target.parse("z1 + z1*z2")
NETWORK = gs.Network(width=8, activation="relu")
PROTOCOL = gs.Protocol.repeat(2, batch="3d", learning_rate=3.0)


@cache
def run() -> Any:
    return gs.simulate(TARGET, NETWORK, PROTOCOL, dimension=300, seeds=3, ridge=0.1)


@cache
def theory() -> Any:
    return gs.predict.overlaps(TARGET, NETWORK, PROTOCOL, samples=20_000)


@cache
def certificate() -> Any:
    return gs.analyze(TARGET, NETWORK, PROTOCOL)


@cache
def features(**changes: Any) -> Any:
    words: dict[str, Any] = dict(learning_rate_ratio=1.5, first_batch_ratio=4.0, ridge=0.1)
    words |= {key: list(value) if isinstance(value, tuple) else value for key, value in changes.items()}
    ratios = words.pop("sample_ratio", [0.5, 1.0, 2.0])
    return gs.predict.features(gs.Target.parse("sin(z1)"), "tanh", sample_ratio=ratios, **words)


def parts(chart: Any) -> list[dict[str, Any]]:
    """Return every layer that draws something, of every panel."""

    def walk(node: dict[str, Any], inherited: Any) -> list[dict[str, Any]]:
        data = node.get("data", inherited)
        found = [node | {"data": data}] if "mark" in node else []
        for key in ("layer", "hconcat", "vconcat"):
            for child in node.get(key, ()):
                found += walk(child, data)
        return found + (walk(node["spec"], data) if "spec" in node else [])

    return walk(chart.to_dict(), None)


def rows(chart: Any, mark: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of every layer with a mark such as ``point``."""
    tables = chart.to_dict().get("datasets", {})
    found = []
    for part in parts(chart):
        if mark is None or part["mark"]["type"] == mark:
            data = part["data"]
            found += tables[data["name"]] if "name" in data else data["values"]
    return found


def titles(chart: Any) -> set[str]:
    """Return the titles of all axes; a layer's own may be empty where another layer of its panel has one."""
    return {
        channel["title"]
        for part in parts(chart)
        for name, channel in part.get("encoding", {}).items()
        if name in ("x", "y") and isinstance(channel, dict) and channel.get("title")
    }


def finite(chart: Any) -> bool:
    """Whether no number in the chart is NaN or infinite."""

    def check(node: Any) -> bool:
        if isinstance(node, dict):
            return all(check(child) for child in node.values())
        if isinstance(node, list):
            return all(check(child) for child in node)
        return not isinstance(node, float | np.floating) or math.isfinite(node)

    return check(chart.to_dict())
