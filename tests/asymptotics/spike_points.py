"""The listed points of theory note 40, part A, in the words of the house."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from giantstep import Target
from giantstep import asymptotics as predict

DATA = json.loads((Path(__file__).parents[1] / "data" / "spectra_spikes.json").read_text())
FULL = {f"{row['tag']}-{row['n']}": row for row in DATA["A_loss_full_network"]}
SURROGATES = {row["tag"]: row for row in DATA["A_loss_surrogates"]}


def activation(row: dict[str, Any]) -> str:
    """Return the activation of a row by its house name."""
    if row["act"] == "tanh_shift0.6":
        return "tanh(z + 0.6)"
    coefficients = json.loads(row["act"].removeprefix("He"))
    return "+".join(f"{c}*He{k}" for k, c in enumerate(coefficients) if c)


def target(row: dict[str, Any]) -> Target:
    return Target.parse(f"{row['cs1']}*z1 + {row['cs2']}*He2(z1)", noise=row["sig"] ** 2)


def predicted(row: dict[str, Any], **options: Any) -> Any:
    """Return the prediction at a row; the note's lam is ridge p/n."""
    n, d, width = row["n"], row["d"], row["N"]
    return predict.spikes(
        target(row),
        activation(row),
        dimension=d,
        sample_ratio=n / d,
        width_ratio=width / d,
        learning_rate=row["eta"],
        ridge=row["lam"] * n / width,
        **options,
    )
