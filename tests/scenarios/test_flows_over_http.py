"""The flows unchanged against an endpoint of real HTTP, in a process of its own, on both wires."""

import sys
from contextlib import contextmanager
from functools import cache

import pytest

from tests.support.processes import environment, start
from tests.support.repository import ROOT
from tests.support.scenario import endpoint_settings, flows_project, misfits

FLOWS = (
    "weather_report",
    "math_quiz",
    "concurrent_students",
    "review_panel",
    "summarise_files",
    "write_until_good",
    "city_guide",
)
WIRES = ("chat", "responses")


@contextmanager
def endpoint_of(flow, folder):
    """Serve a flow's replies file; yields the base URL."""
    replies = ROOT / "flows" / f"{flow}.replies.yaml"
    command = (sys.executable, "-m", "tests.support.endpoint", "--replies", str(replies))
    with start([], cwd=folder, environ=environment(folder), command=command) as running:
        port = int(running.wait_for_line(""))
        yield f"http://127.0.0.1:{port}/v1"


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """What a flow gives offline; each is executed once."""
    project = flows_project(tmp_path_factory.mktemp("offline"))

    @cache
    def execute(flow):
        ended = project.flowrun("execute", f"flows/{flow}.flow.yaml", "--format", "json")
        assert ended.code == 0, ended.err
        return ended.result

    return execute


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_gives_the_same_over_http_as_offline(tmp_path, offline, flow, wire):
    project = flows_project(tmp_path)
    path = f"flows/{flow}.flow.yaml"
    with endpoint_of(flow, tmp_path) as base_url:
        project.write({"flowrun.yaml": endpoint_settings(base_url, wire=wire)})
        live = project.flowrun("execute", path, "--format", "json")
    assert live.code == 0, live.err
    assert misfits("result", live.result) == []
    assert "scripted" not in live.err
    assert sayings(live.result) == sayings(offline(flow))


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_over_http_streams_piece_by_piece(tmp_path, wire):
    project = flows_project(tmp_path)
    with endpoint_of("weather_report", tmp_path) as base_url:
        project.write({"flowrun.yaml": endpoint_settings(base_url, wire=wire)})
        ended = project.flowrun("execute", "flows/weather_report.flow.yaml", "--format", "jsonl")
    assert ended.code == 0, ended.err
    pieces = [one["text"] for one in ended.of_type("message_delta") if one["step"] == "report"]
    [report] = [one for one in ended.of_type("step_finished") if one["step"] == "report"]
    assert len(pieces) > 3
    assert "".join(pieces) == report["output"]
    [submitted] = ended.of_type("tool_outputs_submitted")
    assert len(submitted["call_ids"]) == 2


@pytest.mark.parametrize("wire", WIRES)
def test_a_clerk_over_http_waits_for_a_person_and_goes_on(tmp_path, wire):
    project = flows_project(tmp_path)
    with endpoint_of("refund_desk", tmp_path) as base_url:
        project.write({"flowrun.yaml": endpoint_settings(base_url, wire=wire)})
        waiting = project.flowrun("execute", "flows/refund_desk.flow.yaml", "--run-id", "r-1")
        done = project.flowrun("runs", "answer", "r-1", "case", "--approve")
    assert (waiting.code, waiting.out) == (5, "")
    assert done.code == 0, done.err
    assert done.out == "I am sorry about your lamp. 49.00 US dollars are on their way to you.\n"
    books = project.root / ".flowrun" / "refunds.jsonl"
    assert len(books.read_text("utf-8").splitlines()) == 1


def test_an_endpoint_can_be_given_by_its_address_alone(tmp_path):
    project = flows_project(tmp_path)
    with endpoint_of("math_quiz", tmp_path) as base_url:
        ended = project.flowrun("execute", "flows/math_quiz.flow.yaml", "--endpoint", base_url)
    assert ended.code == 0, ended.err
    assert "The derivative, because the integral is its reverse." in ended.out


def sayings(result):
    """Return what a run gave back, but for the free space of the disk."""
    return {name: value for name, value in result["outputs"].items() if name != "disk"}
