"""`outliers`: singular values of the first layer outside its bulk after one and two giant steps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.outlier_phases import ladder_notes, phases_of
from giantstep.asymptotics.spectra.activation_moments import HermiteActivation, slanted_activation
from giantstep.asymptotics.spectra.bbp import edge, outliers_of, threshold
from giantstep.asymptotics.spectra.ladder import FORMS, Ladder, ladder
from giantstep.asymptotics.spectra.ladder_spikes import LadderSpikes, ladder_spikes
from giantstep.asymptotics.spectra.link_moments import CentredLink, centred_labels
from giantstep.asymptotics.spectra.outlier_notes import outside, swelling, swollen
from giantstep.asymptotics.spectra.phases import (
    lowest_informative_rung,
    read_exponents,
    silence,
    strict_count,
)
from giantstep.asymptotics.spectra.reading import check_rates
from giantstep.asymptotics.spectra.readout_moments import check_network, even_moment
from giantstep.asymptotics.spectra.residual_spike import residual_outlier
from giantstep.errors import CapabilityError, SpecError, nearest
from giantstep.networks import Network
from giantstep.protocol import Protocol, check_nouns
from giantstep.targets import Target
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
FEWEST = 4

REMEDY = {
    "converged": "",
    "imprecise": (
        "the means over the labels are not resolved to 6 digits; give a link whose kinks are known, or a "
        "bounded one."
    ),
    "outside": "outside the theory: see the notes.",
}
_PRECISE = 1e-6


@dataclass(frozen=True, slots=True)
class Setting:
    """One prediction, read: numbers at a dimension, and the moments they meet."""

    activation: HermiteActivation
    link: CentredLink
    network: Network
    dimension: int
    batches: tuple[int, ...]
    rates: tuple[float, float]
    exponents: tuple[float, float]
    reuse: bool
    loss: str

    @property
    def width_ratio(self) -> float:
        """g = width / dimension."""
        return self.network.width / self.dimension


def outliers(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int,
    ladder: str = "effective",
) -> xr.Dataset:
    """Predict the outliers of the first layer after one or two giant steps, at a width, dimension and batch.

    The steps add spikes u v^T to the initial layer: one along the readout a, and from the second step on one
    along each of a^2, a^3, .. (orthogonalised), the rungs of a ladder. What each spike shows in the spectrum
    follows from its strength (Baik, Ben Arous and Peche).

    Parameters
    ----------
    target : Target
        Of rank 1 with E y = 0.
    network : Network
        ``symmetric=False``, readout gaussian, uniform or rademacher of scale 1, unit rows, no bias.
    protocol : Protocol
        One or two steps of ``loss="correlation"``. Learning rates such as ``"3*p^0.3"`` tell the exponents
        of the phase; see `giantstep.Protocol.of_exponents`.
    dimension : int
        At least 4, as is the width.
    ladder : {"effective", "naive"}
        ``naive`` replaces means over the neurons of products by products of means, as the usual statement
        does; simulations follow ``effective``.

    Returns
    -------
    xarray.Dataset
        Scalars ``edge`` of the bulk, ``threshold`` a strength must exceed, ``outlier_count``,
        ``span_alignment`` (squared norm of beta* inside the span of all right vectors before the bulk),
        ``floor`` and ``uncapped_count`` of the exponents, ``status``, ``message``, ``residual`` (relative
        error of the means). Over spike, strongest first: ``strength``, ``present``, ``singular_value`` (the
        edge where it is not present), ``rung``, ``left_alignment`` and ``right_alignment`` (cos^2 of the
        outlier's singular vectors with the spike's), ``target_alignment`` (cos^2 of its right vector with the
        teacher), ``informative`` (whether its rung sees the teacher) and ``left_coefficients`` (over
        ladder_term k, those of a^(k + 1)). Over ladder_term: ``rung_alignment``, ``rung_informative``,
        ``rung_missing``, ``rung_diverges``, ``rung_on_boundary``. The attribute ``notes`` says what is
        outside the theory.

    Raises
    ------
    SpecError
        For sizes below 4, exponents outside [0, 1/2), labels that are not centred, c1 = E sigma' = 0.
    CapabilityError
        For networks and protocols the theory is not derived for.

    References
    ----------
    arXiv 2205.01445 (one step), 2605.17767 (two steps); theory note 40, sections B.1 to B.5 and C.

    Examples
    --------
    >>> network = Network(1500, "He1+0.2*He2+0.1*He3", readout="uniform", symmetric=False)
    >>> protocol = Protocol.of_exponents([0.25, 0.4], [1, 3], batch=2500)
    >>> found = outliers(Target.parse("tanh(z1)", noise=0.04), network, protocol, dimension=1000)
    >>> found.singular_value.values.round(3).tolist(), int(found.outlier_count)
    ([44.992, 2.522, 2.225], 2)
    >>> found.target_alignment.values.round(4).tolist()
    [0.7201, 0.0, 0.0]
    """
    if ladder not in FORMS:
        raise SpecError(
            f"ladder: found {ladder!r}, expected {', '.join(FORMS)}{nearest(str(ladder), FORMS)}."
        )
    with one_blas_thread():
        setting = read_setting(target, network, protocol, dimension)
        rungs = _rungs(setting, ladder)
        spikes = ladder_spikes(rungs, setting.rates, network.width, _moment(network))
        return _labelled(setting, rungs, spikes, ladder)


def read_setting(target: Target, network: Network, protocol: Protocol, dimension: int) -> Setting:
    """Return the setting of a prediction, or raise what `outliers` raises."""
    check_nouns(target, network, protocol)
    for name, size in (("dimension", dimension), ("width", network.width)):
        whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
        if not whole or not FEWEST <= size <= 10**12:
            raise SpecError(f"{name}: found {size!r}, expected a whole number from {FEWEST} to 1e12.")
    check_network(network)
    steps = protocol.steps
    if not 1 <= len(steps) <= 2:
        raise CapabilityError(f"protocol: found {len(steps)} steps, expected one or two: no theory for more.")
    for name, used in (
        ("preprocess", any(step.preprocess for step in steps)),
        ("weight_decay", any(step.weight_decay for step in steps)),
        ("two different losses", len({step.loss for step in steps}) > 1),
    ):
        if used:
            raise CapabilityError(
                f"protocol: found {name}, for which outliers are not derived. Leave it out."
            )
    activation, link = slanted_activation(network.activation), centred_labels(target)
    exponents = [float(step.learning_rate.p_power + step.learning_rate.d_power) for step in steps]
    read_exponents("learning_rate", exponents)
    sizes = {"dimension": int(dimension), "width": network.width}
    rates = protocol.learning_rates(**sizes)
    check_rates(rates)
    return Setting(
        activation,
        link,
        network,
        int(dimension),
        protocol.batches(**sizes),
        (rates[0], rates[1] if len(rates) > 1 else 0.0),
        (exponents[0], exponents[1] if len(exponents) > 1 else 0.0),
        steps[-1].reuse,
        steps[0].loss,
    )


def _moment(network: Network) -> Any:
    return lambda k: 0.0 if k % 2 else even_moment(str(network.readout), k // 2)


def _rungs(setting: Setting, form: str) -> Ladder:
    ratios = [batch / setting.dimension for batch in setting.batches]
    return ladder(
        setting.activation,
        setting.link,
        first_batch_ratio=ratios[0],
        second_batch_ratio=ratios[-1],
        reuse=setting.reuse,
        form=form,
        top=None if len(ratios) > 1 else 0,
    )


def _labelled(setting: Setting, rungs: Ladder, spikes: LadderSpikes, form: str) -> xr.Dataset:
    import xarray as xr

    g, dims = setting.width_ratio, ("spike", "ladder_term")
    shown = outliers_of(spikes.strengths, g)
    values, left, right, present = shown.singular_values, shown.left, shown.right, shown.present
    residual = setting.loss == "square" and len(setting.batches) == 1
    if residual:
        found = _residual(setting)
        present, values = np.array([found is not None]), np.array([found or edge(g)])
        left = right = np.array([np.nan if found else 0.0])
    inverse = np.linalg.pinv(_correlation(rungs.gram), rcond=1e-12, hermitian=True)
    along = rungs.along / np.sqrt(np.maximum(np.diag(rungs.gram), 1e-300))
    phases = phases_of(rungs, np.array(setting.exponents[0]), np.array(setting.exponents[1]))
    notes, applies = outside(
        setting.activation, setting.network, rungs, spikes, setting.rates, setting.batches, setting.loss, g
    )
    if len(setting.batches) > 1:
        notes = [*ladder_notes(setting.activation, rungs, setting.reuse), *notes]
        if form == "naive":
            notes.append(
                "naive ladder: products of means stand for means of products; on a reused batch, and from "
                "rung 2 on, simulations follow ladder='effective'"
            )
    ratios = tuple(batch / setting.dimension for batch in setting.batches)
    spread = setting.link.energy * setting.activation.slope_rest
    added = swelling(spread, setting.rates, ratios, setting.network.width, setting.reuse)
    applies = applies and added <= 1.0
    notes += _about_exponents(setting, phases["on_boundary"].values)
    last = (swollen(added, spikes, g), silence(setting.link, setting.reuse, rungs.sees))
    notes += [note for note in last if note]
    error = max(rungs.error, setting.link.error, setting.activation.error)
    status = "outside" if not applies else "converged" if error < _PRECISE else "imprecise"
    informative = np.append(rungs.informative & ~rungs.missing, False)[spikes.rungs]
    lowest = lowest_informative_rung(setting.link, setting.reuse)
    return xr.Dataset(
        {
            "edge": edge(g),
            "threshold": threshold(g),
            "outlier_count": int(present.sum()),
            "span_alignment": float(along @ inverse @ along),
            "floor": int(phases["floor"]),
            "uncapped_count": int(strict_count(*map(np.array, setting.exponents))),
            "strength": (dims[0], spikes.strengths),
            "present": (dims[0], present),
            "singular_value": (dims[0], values),
            "rung": (dims[0], spikes.rungs),
            "left_alignment": (dims[0], left),
            "right_alignment": (dims[0], right),
            "target_alignment": (dims[0], right * spikes.target),
            "informative": (dims[0], informative & present),
            "left_coefficients": (dims, spikes.left),
            "rung_alignment": (dims[1], rungs.alignments),
            "rung_informative": (dims[1], rungs.informative),
            "rung_missing": (dims[1], rungs.missing),
            "rung_diverges": (dims[1], phases["present"].values),
            "rung_on_boundary": (dims[1], phases["on_boundary"].values),
            "status": status,
            "message": REMEDY[status],
            "residual": error,
        },
        {"spike": np.arange(len(present)), "ladder_term": np.arange(rungs.top + 1)},
        {
            "engine": "theory",
            "ladder": form,
            "equations": "theory note 40, section " + ("C, residual" if residual else "B.3"),
            "target": str(setting.link.target),
            "noise": setting.link.noise,
            "activation": setting.activation.activation.name,
            "width": setting.network.width,
            "dimension": setting.dimension,
            "batch": json.dumps(setting.batches),
            "learning_rate": json.dumps(setting.rates[: len(setting.batches)]),
            "exponents": json.dumps(setting.exponents[: len(setting.batches)]),
            "reuse": int(setting.reuse),
            "loss": setting.loss,
            "lowest_informative_rung": -1 if lowest is None else lowest,
            "notes": json.dumps(notes),
            "schema": SCHEMA,
        },
    )


def _about_exponents(setting: Setting, on_boundary: Any) -> list[str]:
    """Return what the phase of the exponents leaves open."""
    if max(setting.exponents) == 0:
        return ["the learning rates do not grow with the width: rung 0 is of order one, decided by constants"]
    rungs = [str(k) for k in np.flatnonzero(on_boundary)]
    if not rungs:
        return []
    return [
        f"rung {', '.join(rungs)} lies on its boundary: of order one at every width, decided by constants"
    ]


def _correlation(gram: Any) -> Any:
    norms = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    return gram / np.outer(norms, norms)


def _residual(setting: Setting) -> float | None:
    """Return the outlier of one step of the square loss at readout scale 1 (theory note 40, section C)."""
    c1, ratio = setting.activation.slope, setting.batches[0] / setting.dimension
    output = setting.activation.rest + c1 * c1
    energy = setting.link.slope**2 + (setting.link.energy + output) / ratio
    return residual_outlier(setting.rates[0] * c1, c1, energy, setting.width_ratio)
