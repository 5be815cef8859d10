"""On a terminal, a table that lives; anywhere else plain lines, and the result alone on stdout."""

import json
import re
import signal
import subprocess

import pytest

from tests.support.endpoint import say, serve
from tests.support.processes import FLOWRUN
from tests.support.processes_screen import is_coloured, screen_lines
from tests.support.scenario import TALK, Project, endpoint_settings, flows_project, misfits
from tests.support.scenario_errands import broken_off

WEATHER = ("execute", "flows/weather_report.flow.yaml")
HEADINGS = ["step", "state", "elapsed", "tokens"]


def on_terminal(project, *arguments, stdout=None, **environ):
    with project.on_terminal(*arguments, stdout=stdout, **environ) as screen:
        return screen.finish()


def test_a_terminal_shows_a_live_table_of_the_steps_and_then_the_outputs(tmp_path):
    code, text = on_terminal(flows_project(tmp_path), *WEATHER)
    assert code == 0, text
    assert "\x1b[?25l" in text
    assert "\x1b[?25h" in text
    lines = screen_lines(text)
    [head] = [at for at, line in enumerate(lines) if line.split() == HEADINGS]
    rows = [line.split()[:2] for line in lines[head + 1 : head + 5]]
    assert rows == [[step, "completed"] for step in ("forecast", "packing", "disk", "report")]
    assert lines[head + 5].startswith("completed in ")
    assert "Photos: see the free space of the disk." in lines


def test_the_table_says_which_tool_is_at_work_and_streams_the_answer(tmp_path):
    project = flows_project(tmp_path)
    replies = project.root / "flows" / "weather_report.replies.yaml"
    slow = replies.read_text("utf-8").replace("    say: |", "    delay: 40ms\n    say: |", 1)
    replies.write_text(slow, "utf-8")
    with project.on_terminal(*WEATHER) as screen:
        screen.wait_for("running")
        screen.wait_for("mild all year, 14")
        code, text = screen.finish()
    assert code == 0, text


@pytest.mark.parametrize(
    "environ", [{"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}, {"COLUMNS": "20"}], ids=str
)
def test_no_kind_of_terminal_makes_it_fail(tmp_path, environ):
    project = flows_project(tmp_path)
    code, text = on_terminal(project, "execute", "flows/math_quiz.flow.yaml", **environ)
    assert code == 0, text
    assert "Traceback" not in text
    if "NO_COLOR" in environ:
        assert not is_coloured(text)


def test_a_dumb_terminal_gets_plain_lines(tmp_path):
    code, text = on_terminal(flows_project(tmp_path), *WEATHER, TERM="dumb")
    assert code == 0, text
    assert "\x1b" not in text
    assert re.search(r"forecast +completed in ", text)


def test_plain_lines_can_be_asked_for(tmp_path):
    code, text = on_terminal(flows_project(tmp_path), *WEATHER, "--plain")
    assert code == 0, text
    assert "\x1b[?25l" not in text


def test_a_result_goes_into_a_file_while_the_terminal_shows_the_table(tmp_path):
    project = flows_project(tmp_path)
    result = tmp_path / "result.json"
    with result.open("wb") as file:
        code, text = on_terminal(project, *WEATHER, "--format", "json", stdout=file.fileno())
    assert code == 0, text
    assert misfits("result", json.loads(result.read_text("utf-8"))) == []
    assert "\x1b[?25l" in text
    assert "format_version" not in text


def test_events_on_a_terminal_are_whole_lines(tmp_path):
    code, text = on_terminal(flows_project(tmp_path), *WEATHER, "--format", "jsonl")
    assert code == 0, text
    assert "\x1b[?25l" not in text, "a live table would be drawn over the events"
    lines = [line for line in screen_lines(text) if line.startswith("{")]
    assert [one for line in lines for one in misfits("event", json.loads(line))] == []
    assert json.loads(lines[-1])["type"] == "flow_run_finished"


def test_what_a_tool_prints_does_not_garble_the_table(tmp_path):
    project = flows_project(tmp_path)
    code, text = on_terminal(project, "execute", "flows/math_quiz.flow.yaml")
    assert code == 0, text
    lines = screen_lines(text)
    assert "Quiz: Math Quiz" in lines
    assert "What is the derivative of the function f(x) = 3x^2 + 2x - 5?" in lines
    assert [line.split() for line in lines].count(HEADINGS) == 1


def test_without_a_terminal_the_narrative_is_plain_lines_on_standard_error(tmp_path):
    ended = flows_project(tmp_path).flowrun(*WEATHER, TERM="xterm-256color")
    assert ended.code == 0
    assert "\x1b" not in ended.out + ended.err
    assert re.search(r"^ +\d+ms  forecast  calls get_current_weather ", ended.err, re.MULTILINE)
    assert re.search(r"^completed in \S+: 4 steps completed, 308 tokens$", ended.err, re.MULTILINE)
    assert ended.out.startswith("disk:\nFilesystem")
    assert "forecast" not in ended.out


def test_quiet_is_quiet_but_for_the_result(tmp_path):
    project = flows_project(tmp_path)
    ended = project.flowrun(*WEATHER, "--quiet", "--format", "json", "--endpoint", SCRIPTED)
    assert ended.code == 0
    assert ended.err == ""
    assert ended.result["status"] == "completed"


SCRIPTED = "scripted:flows/weather_report.replies.yaml"


def test_ctrl_c_on_a_terminal_parks_the_run_and_gives_the_terminal_back(tmp_path):
    with serve(broken_off("hello there")) as server:
        settings = endpoint_settings(server.base_url)
        project = Project(tmp_path, {"talk.flow.yaml": TALK, "flowrun.yaml": settings})
        with project.on_terminal("execute", "talk.flow.yaml") as screen:
            screen.wait_for("hell")
            screen.type(b"\x03")
            code, text = screen.finish()
    assert code == 130
    assert "Traceback" not in text
    assert any(re.search(r"flowrun runs resume talk-\w+$", line) for line in screen_lines(text))
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


@pytest.mark.parametrize(
    "arguments",
    [
        (*WEATHER, "--format", "jsonl"),
        WEATHER,
        ("graph", "flows/weather_report.flow.yaml", "--format", "json"),
        ("explain",),
    ],
    ids=" ".join,
)
def test_a_reader_that_leaves_early_is_no_failure(tmp_path, arguments):
    ended = piped(flows_project(tmp_path), "head -1", *arguments)
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr
    assert "this is a bug" not in ended.stderr
    assert ended.stdout.count("\n") == 1


def test_a_run_whose_events_nobody_reads_any_more_can_be_resumed_or_is_complete(tmp_path):
    project = flows_project(tmp_path)
    piped(project, "head -1", *WEATHER, "--format", "jsonl", "--run-id", "r-1")
    [row] = project.runs()
    assert row["status"] in ("completed", "parked")
    if row["status"] == "parked":
        assert project.flowrun("runs", "resume", "r-1").code == 0


def piped(project, reader, *arguments):
    """Run flowrun with a reader at the end of its standard output."""
    with subprocess.Popen(
        [*FLOWRUN, *arguments],
        cwd=project.root,
        env=project.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as flowrun:
        read = subprocess.run(
            reader.split(), stdin=flowrun.stdout, capture_output=True, timeout=30, check=True
        )
        flowrun.stdout.close()
        _, err = flowrun.communicate(timeout=30)
    assert flowrun.returncode != -signal.SIGPIPE
    return subprocess.CompletedProcess(
        arguments, flowrun.returncode, read.stdout.decode(), err.decode()
    )


def test_an_answer_is_seen_while_it_streams(tmp_path):
    with serve(broken_off("piece by piece it comes", after=3), say("done")) as server:
        settings = endpoint_settings(server.base_url)
        project = Project(tmp_path, {"talk.flow.yaml": TALK, "flowrun.yaml": settings})
        with project.on_terminal("execute", "talk.flow.yaml") as screen:
            screen.wait_for("piece by pie")
            screen.type(b"\x03")
            screen.finish()
