"""What several commands do alike."""

import io
import os
import pty
import termios

import pytest

from flowrun.cli.shared import load_or_exit, show_report
from flowrun.errors import InvalidSource
from tests.support.projects import TALK, make
from tests.support.reports import report_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make(tmp_path, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK)


def test_a_sound_flow_is_loaded_without_a_word(folder, capsys):
    assert load_or_exit("talk.flow.yaml").plan is not None
    assert capsys.readouterr() == ("", "")


def test_warnings_are_narrative_and_can_be_left_out(folder, capsys):
    make(folder, talk_flow_yaml=TALK.replace("{{ inputs.city }}", "Paris"))
    load_or_exit("talk.flow.yaml")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("warning[lint/unused-input]")
    load_or_exit("talk.flow.yaml", quiet=True)
    assert capsys.readouterr() == ("", "")


def test_a_flow_with_mistakes_is_refused_not_shown(folder, capsys):
    make(folder, talk_flow_yaml=TALK.replace("inputs.city", "inputs.cty"))
    with pytest.raises(InvalidSource):
        load_or_exit("talk.flow.yaml")
    assert capsys.readouterr() == ("", "")


def test_an_empty_report_is_nothing_as_text_and_something_for_programs():
    stream = io.StringIO()
    show_report(report_of(), stream)
    assert stream.getvalue() == ""
    show_report(report_of(), stream, "json")
    assert '"errors": 0' in stream.getvalue()


@pytest.mark.parametrize("columns", [0, 60, 200])
def test_a_terminal_of_any_width_is_written_to(columns, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (30, columns))
    with open(slave, "w", encoding="utf-8") as stream:  # noqa: PTH123
        show_report(report_of("a: [1\n"), stream)
        written = os.read(master, 65536).decode()
    os.close(master)
    assert "\x1b[" in written
    assert "a: [1" in written
