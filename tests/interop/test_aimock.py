"""flowrun against aimock, a model endpoint that nobody here wrote, over both wires.

`make interop` runs these; they need npm, and a package registry the first time. The package stays
in pytest's cache (`make clean` removes it).
"""

import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import start
from tests.support.scenario import endpoint_settings, flows_project, misfits

PACKAGE = "@copilotkit/aimock"
VERSION = "1.43.0"
HERE = Path(__file__).parent

wires = pytest.mark.parametrize("wire", ["chat", "responses"])


@pytest.fixture(scope="session")
def aimock(request):
    """The program's file, installed once."""
    folder = Path(request.config.cache.mkdir("aimock"))
    home = folder / "node_modules" / PACKAGE
    if not (home / "package.json").exists() or version_of(home) != VERSION:
        npm = shutil.which("npm")
        assert npm is not None, "npm is not on PATH; it comes with Node.js"
        install = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]
        command = [npm, *install, "--prefix", str(folder), f"{PACKAGE}@{VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stderr
    return home / json.loads((home / "package.json").read_text("utf-8"))["bin"]["llmock"]


def version_of(home):
    return json.loads((home / "package.json").read_text("utf-8"))["version"]


@contextmanager
def serving(program, flow, *options):
    """Serve a flow's fixtures on loopback; yields the base URL."""
    fixtures = HERE / f"{flow}.fixtures.json"
    arguments = ["--port", "0", "--host", "127.0.0.1", "--fixtures", str(fixtures), "--strict"]
    command = (shutil.which("node") or "node", str(program))
    with start(
        [*arguments, "--validate-on-load", *options], cwd=HERE, environ=os.environ, command=command
    ) as running:
        line = running.wait_for_line("listening on")
        yield re.search(r"http://127\.0\.0\.1:\d+", line)[0] + "/v1"


def execute(folder, base_url, flow, wire, form="json", **settings):
    project = flows_project(folder)
    project.write({"flowrun.yaml": endpoint_settings(base_url, wire=wire, **settings)})
    return project.flowrun("execute", f"flows/{flow}.flow.yaml", "--format", form)


@wires
def test_the_weather_report_completes(tmp_path, aimock, wire):
    with serving(aimock, "weather_report") as base_url:
        ended = execute(tmp_path, base_url, "weather_report", wire)
    assert ended.code == 0, ended.err
    assert misfits("result", ended.result) == []
    assert ended.result["status"] == "completed"
    assert ended.result["outputs"]["report"] == (
        "Weather: mild all year, 14 °C (57 °F).\nPacking: layers, a light rain jacket.\n"
    )


@wires
def test_parallel_calls_are_answered_together_and_the_answer_streams(tmp_path, aimock, wire):
    with serving(aimock, "weather_report", "--chunk-size", "10") as base_url:
        ended = execute(tmp_path, base_url, "weather_report", wire, form="jsonl")
    assert ended.code == 0, ended.err
    [requested] = ended.of_type("tool_calls_requested")
    [submitted] = ended.of_type("tool_outputs_submitted")
    assert submitted["call_ids"] == [one["id"] for one in requested["calls"]]
    assert len(submitted["call_ids"]) == 2
    pieces = [one["text"] for one in ended.of_type("message_delta") if one["step"] == "report"]
    [report] = [one for one in ended.of_type("step_finished") if one["step"] == "report"]
    assert len(pieces) > 3
    assert "".join(pieces) == report["output"]


@wires
def test_structured_output_is_asked_for_and_parsed(tmp_path, aimock, wire):
    with serving(aimock, "review_panel") as base_url:
        ended = execute(tmp_path, base_url, "review_panel", wire)
    assert ended.code == 0, ended.err
    assert ended.result["outputs"]["approved"] is False
    assert ended.result["outputs"]["findings"] == [
        {"line": 11, "severity": "major", "problem": "no rows"}
    ]


@wires
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("drop", "the server failed: Chaos: request dropped (HTTP 500)"),
        ("ratelimit", "too many requests: Chaos: rate limit exceeded (HTTP 429)"),
        ("disconnect", "the server closed the connection without an answer"),
        ("malformed", "the stream ended early: its JSON is incomplete"),
    ],
)
def test_its_faults_are_told_in_one_sentence(tmp_path, aimock, wire, fault, sentence):
    with serving(aimock, "weather_report", f"--chaos-{fault}", "1") as base_url:
        ended = execute(tmp_path, base_url, "weather_report", wire)
    assert ended.code == 1
    assert ended.sentences[0] == f"error: step `forecast` failed: endpoint `live`: {sentence}"
    assert ended.sentences[1].startswith("help: ")
    assert "Traceback" not in ended.err


@wires
def test_a_question_it_does_not_know_is_refused_and_quoted(tmp_path, aimock, wire):
    with serving(aimock, "review_panel") as base_url:
        ended = execute(tmp_path, base_url, "weather_report", wire)
    assert ended.code == 1
    assert "Strict mode: no fixture matched" in ended.sentences[0]
