"""The walk of the design, as a user writes it."""

import subprocess
import sys

import numpy as np
import pytest

import giantstep as gs


def test_the_walk():
    target = gs.Target.parse("z1 + z1*z2")
    network = gs.Network(width=8, activation="relu")
    protocol = gs.Protocol.repeat(3, batch="3d", learning_rate=3.0)

    certificate = gs.analyze(target, network, protocol)
    assert [step.dimension for step in certificate.steps] == [1, 2]
    assert "unlocks (0, 1)" in " ".join(certificate.steps[1].reasons)

    theory = gs.predict.overlaps(target, network, protocol)
    data = gs.simulate(target, network, protocol, dimension=10**6, seeds=5)
    difference = theory.overlaps - data.overlaps.mean("replicate")
    assert difference.dims == ("step", "neuron", "direction")

    comparison = gs.compare(theory, data)
    assert comparison.verdict == "agrees"
    assert comparison.scores["overlaps"]["rms_z"] < 2.0
    assert comparison.scores["overlaps"]["bias"] < 0.02
    assert gs.compare(certificate, data).verdict == "not resolved"  # one dimension gives no slope


def test_the_same_walk_over_dimensions_ends_in_a_verdict():
    from giantstep.studies.walk import walk

    target, network = gs.Target.parse("z1 + z1*z2"), gs.Network(width=8, activation="relu", symmetric=False)
    protocol = gs.Protocol.repeat(3, batch="2d", learning_rate="p", loss="correlation")
    result = walk(target, network, protocol, dimension=[10**3, 10**4, 10**5], seeds=6)
    assert result.comparison.verdict == "agrees"
    blind = walk(target, gs.Network(width=8, activation="tanh"), protocol, dimension=[10**3, 10**4], seeds=4)
    assert blind.certificate.learned_dimension == 1, "tanh never sees z2"
    assert np.isfinite(blind.data.overlaps).all()


def test_importing_loads_numpy_at_most():
    heavy = ("scipy", "xarray", "altair", "h5netcdf", "h5py", "pandas", "rich", "torch", "array_api_compat")
    code = f"import sys, giantstep; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", [gs.predict.overlaps, gs.predict.bounds, gs.analyze])
def test_a_verb_that_is_given_text_says_how_to_make_a_target(verb):
    with pytest.raises(gs.SpecError, match=r"write Target\.parse\('z1'\)"):
        verb("z1", gs.Network(2), gs.Protocol.repeat(1)) if verb is not gs.predict.bounds else verb("z1")


def test_predict_needs_its_three_nouns():
    with pytest.raises(gs.SpecError, match="network: found None"):
        gs.predict.overlaps(gs.Target.parse("z1"), None, gs.Protocol.repeat(1))
