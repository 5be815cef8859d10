"""Ctrl-C and SIGTERM park a run, soon; the command that is printed goes on with it."""

import re
import shlex
import signal
import subprocess
import time

import pytest

from tests.support.endpoint import call, say, serve
from tests.support.scenario import TALK, Project, endpoint_settings, requests_of
from tests.support.scenario_errands import Errands, Model, broken_off

STREAMING = {"First": [say("one")], "Second": [say("two and a half")]}
HOLDING = {"First": [call(("hold", {})), say("one")], "Second": [say("two")]}

SLOWLY = """
version: 1
replies:
  - say: a long answer that takes its time
    chunk: 2
    delay: 30s
"""


def printed_command(ended):
    """Return the resume command that was printed, as words without `flowrun`."""
    [line] = [one for one in ended.err.splitlines() if "flowrun runs resume" in one]
    return shlex.split(re.search(r"flowrun (runs resume \S+)", line)[1])


def test_an_interrupt_while_a_model_streams_parks_the_run_and_the_printed_command_completes_it(
    tmp_path,
):
    model = Model(STREAMING, silent_at=("Second", 0), silence=broken_off("two and a half"))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_for_event("message_delta", step="second")
            began = time.monotonic()
            running.signal(signal.SIGINT)
            parked = running.finish()
            took = time.monotonic() - began
        assert server.left.wait(5), "the connection to the model stays open"
        ended = errands.project.flowrun(*printed_command(parked), "--format", "json")
        questions = requests_of(server)
    assert (parked.code, ended.code) == (130, 0), parked.err + ended.err
    assert took < 5
    assert parked.events[-1]["type"] == "flow_run_parked"
    assert "Traceback" not in parked.err
    assert ended.result["outputs"] == {"first": "one", "second": "two and a half"}
    assert questions == ["First", "Second", "Second"]
    assert errands.ledger == ["note one"]


def test_termination_parks_the_run_as_well(tmp_path):
    model = Model(STREAMING, silent_at=("Second", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.signal(signal.SIGTERM)
            parked = running.finish(5)
        ended = errands.resume()
    assert (parked.code, ended.code) == (143, 0), parked.err + ended.err
    assert printed_command(parked) == ["runs", "resume", "errands-1"]


def test_a_parked_run_is_listed_as_parked_with_the_way_on(tmp_path):
    model = Model(STREAMING, silent_at=("Second", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.signal(signal.SIGINT)
            running.finish()
    [row] = errands.project.runs()
    assert (row["status"], row["alive"], row["finished_at"]) == ("parked", False, None)
    listed = errands.project.flowrun("runs", "list")
    assert "continue one with: flowrun runs resume errands-1" in listed.out
    shown = errands.project.show("errands-1")
    assert shown["steps"]["first"]["status"] == "completed"
    assert shown["outputs"] == {}


def test_with_json_a_parked_run_is_an_object_that_says_so(tmp_path):
    with serve(broken_off("hello there")) as server:
        settings = endpoint_settings(server.base_url)
        project = Project(tmp_path, {"talk.flow.yaml": TALK, "flowrun.yaml": settings})
        with project.start("execute", "talk.flow.yaml", "--format", "json") as running:
            running.wait_for_line("started", stream="err")
            running.signal(signal.SIGINT)
            parked = running.finish()
    assert parked.code == 130
    assert parked.result["status"] == "parked"


def test_an_interrupt_reaches_the_scripted_model_between_its_pieces(tmp_path):
    files = {"talk.flow.yaml": TALK, "talk.replies.yaml": SLOWLY}
    project = Project(tmp_path, files)
    with project.start("execute", "talk.flow.yaml", "--format", "jsonl") as running:
        running.wait_for_event("assistant_run_started")
        running.signal(signal.SIGINT)
        parked = running.finish(5)
    assert parked.code == 130


def test_an_interrupt_ends_a_tool_that_will_not_end_and_everything_it_started(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            errands.gate.wait()
            began = time.monotonic()
            running.signal(signal.SIGINT)
            parked = running.finish()
            took = time.monotonic() - began
        assert parked.code == 130
        assert took < 5
        assert not errands.gate.is_held()
        resumed = errands.resume()
    assert resumed.code == 1
    assert resumed.result["steps"]["first"]["error"]["code"] == "outcome_unknown"
    assert errands.ledger == ["hold begins"]


def test_an_interrupt_lets_a_tool_that_is_about_to_end_end(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            errands.gate.wait()
            running.signal(signal.SIGINT)
            errands.gate.open()
            parked = running.finish()
        resumed = errands.resume()
    assert (parked.code, resumed.code) == (130, 0), parked.err + resumed.err
    assert errands.ledger == ["hold begins", "hold ends", "note one"]


def test_a_second_interrupt_ends_the_process_at_once_and_the_run_can_still_be_resumed(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            errands.gate.wait()
            running.signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                running.finish(0.2)  # the first one waits for the tool
            running.signal(signal.SIGINT)
            ended = running.finish(2)
        assert not errands.gate.is_held()
        resumed = errands.resume()
    assert ended.code == 130
    assert "Traceback" not in ended.err
    assert resumed.result["steps"]["first"]["error"]["code"] == "outcome_unknown"


def test_an_interrupt_does_not_wait_for_a_tool_that_can_be_repeated(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = Errands(tmp_path, server.base_url, effect="repeatable")
        with errands.start() as running:
            errands.gate.wait()
            running.signal(signal.SIGINT)
            parked = running.finish(2)
        with errands.project.start("runs", "resume", "errands-1", "--format", "json") as resuming:
            errands.gate.wait()
            errands.gate.open()
            resumed = resuming.finish()
    assert (parked.code, resumed.code) == (130, 0), parked.err + resumed.err
    assert errands.ledger == ["hold begins", "hold begins", "hold ends", "note one"]
