"""Bad input: one line on stderr, exit code 2, nothing on stdout."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .runs import QUICK

BAD_ANALYZE = {
    "no target": [],
    "empty target": [""],
    "unknown name": ["quux"],
    "name nearly of the catalog": ["stiar2"],
    "half an expression": ["z1 +"],
    "an import": ["__import__('os').system('true')"],
    "an attribute": ["z1.__class__"],
    "a lambda": ["(lambda: 1)()"],
    "a NUL": ["z1\0"],
    "line breaks": ["z1 +\n\nfoo"],
    "a giant power": ["z1**99999999"],
    "a tower of powers": ["9**9**9**9*z1"],
    "deep brackets": ["(" * 3000 + "z1" + ")" * 3000],
    "a long text": ["z1+" * 5000 + "z1"],
    "a number out of range": ["1e400*z1"],
    "an index out of range": ["z999"],
    "unknown activation": ["z1", "--activation", "rleu"],
    "NaN noise": ["z1", "--noise", "nan"],
    "negative noise": ["z1", "--noise", "-1"],
    "NaN exponent": ["z1", "--batch-exponent", "nan"],
    "exponent zero": ["z1", "--batch-exponent", "0"],
    "exponent overflow": ["z1", "--batch-exponent", "1e400"],
    "unknown option": ["z1", "--bogus"],
    "unknown option first": ["--bogus", "z1"],
    "only an unknown option": ["--bogus"],
    "unknown short option": ["z1", "-x"],
    "option without value": ["z1", "--noise"],
    "unquoted target": ["z1", "+", "z2"],
    "bias of a generic activation": ["z1", "--bias", "1"],
    "a flag with a value": ["z1", "--json=3"],
}

BAD_SIMULATE = {
    "NaN learning rate": ["--learning-rate", "nan"],
    "infinite learning rate": ["--learning-rate", "inf"],
    "learning rate overflow": ["--learning-rate", "1e400"],
    "learning rate overflow in d": ["--learning-rate", "d^12*d^12*d^12*d^12*d^12*d^12"],
    "negative learning rate": ["--learning-rate", "-3"],
    "learning rate zero": ["--learning-rate", "0"],
    "batch zero": ["--batch", "0"],
    "negative batch": ["--batch", "-3d"],
    "NaN batch": ["--batch", "nan"],
    "batch overflow": ["--batch", "d^12"],
    "batch of an unknown letter": ["--batch", "3q"],
    "width zero": ["--width", "0"],
    "width one, paired": ["--width", "1", "--symmetric"],
    "odd width, paired": ["--width", "7", "--symmetric"],
    "broken width": ["--width", "1.5"],
    "d below the rank": ["--dimension", "1"],
    "dimension zero": ["--dimension", "0"],
    "negative dimension": ["--dimension", "-5"],
    "dimension overflow": ["--dimension", "1e400"],
    "dimension beyond reason": ["--dimension", "1e13"],
    "dimension of letters": ["--dimension", "many"],
    "dimension in d": ["--dimension", "3d"],
    "negative seed": ["--seed", "-1"],
    "broken seed": ["--seed", "1.5"],
    "no seeds": ["--seeds", "0"],
    "negative seeds": ["--seeds", "-2"],
    "negative steps": ["--steps", "-1"],
    "steps beyond reason": ["--steps", "1e9"],
    "unknown engine": ["--engine", "fast"],
    "unknown loss": ["--loss", "mse"],
    "unknown readout": ["--readout", "rademecher"],
    "too few readouts": ["--readout", "1,-1"],
    "NaN bias": ["--bias", "nan"],
    "negative bias": ["--bias", "-1"],
    "ridge zero": ["--ridge", "0"],
    "NaN ridge": ["--ridge", "nan"],
    "misspelt auto": ["--ridge", "auot"],
    "broken list of ridges": ["--ridge", "1,,2"],
    "ridge batch zero": ["--ridge", "1", "--ridge-batch", "0"],
    "threads zero": ["--threads", "0"],
    "unknown option": ["--learning-rat", "3"],
    "option twice": ["--seed", "1", "--seed", "2"],
}

BAD_OTHERS = {
    "unknown command": ["analyse", "z1"],
    "unknown option of none": ["--bogus"],
    "no such folder": ["show", "no/such/folder"],
    "folder without a study": ["show", "."],
    "figure of nothing": ["figure", "no/such/folder", "stairway", "-o", "x.svg"],
    "figure without a file": ["figure", ".", "stairway"],
    "studies of something": ["studies", "stairway"],
    "no such study file": ["run", "no/such/study.toml"],
    "no such study": ["run", "stairwy"],
    "broken workers": ["run", "stairway", "--workers", "-1"],
}


def bad_lines() -> list[Any]:
    lines = [(f"analyze: {why}", ["analyze", *words]) for why, words in BAD_ANALYZE.items()]
    lines += [(f"simulate: {why}", ["simulate", "z1 + z1*z2", *words]) for why, words in BAD_SIMULATE.items()]
    lines += [(f"{words[0]}: {why}", words) for why, words in BAD_OTHERS.items()]
    return [pytest.param(words, id=why) for why, words in lines]


@pytest.mark.parametrize("words", bad_lines())
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(giantstep, words):
    ran = giantstep(*words)
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert re.fullmatch(r"giantstep: error: [^\n]+\n", ran.err)
    assert "Traceback" not in ran.err
    assert len(ran.err) < 600


def test_width_one_is_fine_where_nothing_must_be_paired(giantstep):
    assert giantstep("simulate", "z1", *QUICK[:2], "--width", "1", *QUICK[4:], "--json").code == 0
