"""A study whose figure has a verdict of its own says it after its tables, whoever asks."""

import json

from tests.studies.small_neighbours import TIME_SCALES

from giantstep.cli import main
from giantstep.studies.judgement import judge


def test_run_and_show_end_with_the_verdict_on_the_figure(capsys, tmp_path):
    file, folder = tmp_path / "small.toml", tmp_path / "out"
    file.write_text(TIME_SCALES)
    assert main(["run", str(file), "--out", str(folder), "--workers", "1"]) == 0
    found = judge(folder, "time-scales")
    sentence = f"Theory and simulation: {found.verdict} ({found.reason})."
    assert sentence in " ".join(capsys.readouterr().out.split())
    assert main(["show", str(folder)]) == 0
    assert sentence in " ".join(capsys.readouterr().out.split())
    for command in (["show", str(folder)], ["run", str(file), "--out", str(folder), "--workers", "1"]):
        assert main([*command, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["judgement"] == found.to_dict()
