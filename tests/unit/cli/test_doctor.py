"""`flowrun doctor` as a shell sees it."""

import json

from tests.support.commands import flowrun


def test_a_report_for_people(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = flowrun(capsys, "doctor")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("installation\n")
    assert ran.out.endswith("nothing is broken\n")
    assert "\x1b" not in ran.out


def test_a_report_for_programs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = json.loads(flowrun(capsys, "doctor", "--format", "json").out)
    assert shown["broken"] == 0
    assert {one["section"] for one in shown["findings"]} >= {"installation", "store", "terminal"}


def test_something_broken_exits_1(capsys, tmp_path, monkeypatch):
    (tmp_path / "flowrun.yaml").write_text("version: 99\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    ran = flowrun(capsys, "doctor")
    assert ran.code == 1
    assert ran.out.endswith("1 thing broken\n")
