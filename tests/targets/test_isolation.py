"""Parsing never runs Python code and never loads a heavy library."""

import builtins
import subprocess
import sys

import pytest

from giantstep.targets import Target


@pytest.mark.parametrize("name", ["eval", "exec", "compile", "__import__"])
def test_parsing_calls_no_builtin_that_runs_code(monkeypatch, name):
    Target.parse("z1")  # everything that is imported lazily is imported now

    def forbidden(*args, **kwargs):
        raise AssertionError(f"{name} was called")

    monkeypatch.setattr(builtins, name, forbidden)
    target = Target.parse("He3(z1) + max(z1, 2*z2)/sqrt(2) - exp(-z1**2)*tanh(z2)")
    value = target([1.0, 2.0])
    polynomial = target.link.polynomial()
    kinks = target.link.kinks()
    monkeypatch.undo()
    assert (polynomial, kinks.complete) == (None, True)
    assert value == pytest.approx(-2 + 4 / 2**0.5 - 2.718281828459045**-1 * 0.9640275800758169)


def test_importing_and_parsing_loads_numpy_only():
    script = (
        "import sys; from giantstep.targets import Target, catalog;"
        "Target.parse('relu(z1) + tanh(z2)')([1.0, 2.0]); Target.from_catalog('stair2');"
        "heavy = {'sympy', 'scipy', 'xarray', 'pandas', 'ast_eval', 'numexpr', 'altair', 'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
