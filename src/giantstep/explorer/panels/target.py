"""Panel Target: what can be learnt of a target, with fresh and reused batches, and what no step can see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.explorer.exports import python, study
from giantstep.explorer.questions import Number, Question, between, named, read, read_target

if TYPE_CHECKING:
    from giantstep.explorer.call import Call
    from giantstep.networks import Network
    from giantstep.staircase import Certificate
    from giantstep.targets import Target

FIRST = {"target": "stair2", "activation": "relu"}
"""A question to warm up with."""

MODES = {"fresh": "fresh batches", "reused": "one batch, reused"}
HIGHEST_ORDER = 8
"""Orders listed in the table of what an activation sees."""


class TargetQuestion(Question):
    """The form of the panel.

    Attributes
    ----------
    target : str
        A name of the catalog or an expression.
    noise : float
        Variance of the label noise, beside the catalog's own.
    activation : str
        Empty for a generic activation, which sees everything.
    bias : bool
        Whether neurons have random biases.
    batch_exponent : float
        kappa: batches of n ~ d^kappa.
    preprocess : bool
    """

    target: str
    noise: Number = 0.0
    activation: str = ""
    bias: bool = False
    batch_exponent: Number = 1
    preprocess: bool = False

    def network(self) -> Network | None:
        from giantstep.networks import Network

        if not self.activation.strip():
            return None
        return named("activation", lambda: Network(2, self.activation.strip(), bias=float(self.bias)))  # type: ignore


def answer(question: Any, call: Call) -> None:
    """Emit the certificate with fresh batches, then with a reused one, then the picture and the exports."""
    from giantstep.protocol import Protocol
    from giantstep.staircase import analyze

    asked = read(TargetQuestion, question)
    between("batch_exponent", asked.batch_exponent, 0.1, 12)
    target, network = read_target(asked.target, asked.noise), asked.network()
    call.say("setting", **_setting(target, network))
    certificates = {}
    for mode, title in MODES.items():
        protocol = Protocol.repeat(
            2, batch=f"d^{asked.batch_exponent!r}", reuse=mode == "reused", preprocess=asked.preprocess
        )
        certificates[title] = certificate = analyze(target, network, protocol)
        call.say("certificate", mode=mode, title=title, **_in_words(certificate))
    # What figures need takes as long to load as all the rest.
    from giantstep.figures.learned_stairs import stairs_picture

    call.draw("stairs", stairs_picture(certificates))
    call.say("exports", study=_study(asked, target), python=_python(asked, target))


def _setting(target: Target, network: Network | None) -> dict[str, Any]:
    from giantstep.staircase.visibility import Sight
    from giantstep.targets import catalog

    sight = Sight.of(network)
    orders = [
        {"order": order, "first": sight.sees(order, 1), "later": sight.sees(order, 2)}
        for order in range(1, HIGHEST_ORDER + 1)
    ]
    blind = [row["order"] for row in orders if not row["later"]]
    if network is None:
        words = "A generic activation sees every order; choose one to learn what it cannot see."
    elif not blind:
        words = f"{sight.name} sees every order up to {HIGHEST_ORDER}."
    else:
        which = f"order{'s' if len(blind) > 1 else ''} {', '.join(map(str, blind))}"
        words = (
            f"{sight.name} is blind to {which}: what the target holds in them alone stays hidden "
            "from fresh batches of any size."
        )
        if not network.biased:
            words += " Random biases open them."
    return {
        "expression": str(target),
        "name": target.name or "",
        "rank": target.rank,
        "noise": target.noise,
        "shows": catalog.entry(target.name).shows if target.name in catalog.names() else "",
        "sight": {"activation": sight.name or "", "words": words, "orders": orders},
    }


def _in_words(certificate: Certificate) -> dict[str, Any]:
    """Return a certificate as the page lists it."""
    from giantstep.staircase.words import conclusions, exponents_in_words, gained_in_words, setting_in_words

    steps, known = [], 0
    for step in certificate.steps:
        steps.append(
            {
                "step": step.step,
                "dimension": step.dimension,
                "gained": gained_in_words(certificate, step.step) if step.dimension > known else "",
                "samples": step.samples,
                "reasons": [reason.removeprefix(f"step {step.step}: ") for reason in step.reasons],
            }
        )
        known = step.dimension
    return {
        "words": setting_in_words(certificate),
        "status": certificate.status,
        "learned": certificate.learned_dimension,
        "effective_rank": certificate.effective_rank,
        "fully_learned": certificate.fully_learned,
        "steps": steps,
        "exponents": [list(row) for row in exponents_in_words(certificate)],
        # The option's name is for the command line; here both modes stand side by side.
        "conclusions": [sentence.replace(" (--reuse)", "") for sentence in conclusions(certificate)],
    }


def _study(asked: TargetQuestion, target: Target) -> str:
    table: dict[str, Any] = {"kind": "certificate", "target": target.spec()}
    if asked.activation.strip():
        table["network"] = {"width": 2, "activation": asked.activation.strip(), "bias": float(asked.bias)}
    protocol = {"steps": 2, "batch": f"d^{asked.batch_exponent!r}", "learning_rate": 1}
    if asked.preprocess:
        protocol["preprocess"] = True
    table["protocol"] = protocol
    table["product"] = {"protocol.reuse": [False, True]}
    return study(f"What can be learnt of {target}", [table])


def _python(asked: TargetQuestion, target: Target) -> str:
    network = "None"
    if asked.activation.strip():
        network = f"gs.Network(2, {asked.activation.strip()!r}, bias={float(asked.bias)!r})"
    preprocess = ", preprocess=True" if asked.preprocess else ""
    return python(
        target,
        f"""
        network = {network}

        certificates = {{}}
        for name, reuse in (("fresh batches", False), ("one batch, reused", True)):
            protocol = gs.Protocol.repeat(2, batch="d^{asked.batch_exponent!r}", reuse=reuse{preprocess})
            certificates[name] = gs.analyze(target, network, protocol)
            print(name, certificates[name].to_dict())
        """,
        figures=[("learned_stairs", "learned_stairs(certificates)", "stairs.svg")],
    )
