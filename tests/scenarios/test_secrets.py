"""Secrets by reference: used, and then nowhere to be found, even when a tool says them aloud."""

import pytest

from tests.support.endpoint import call, say, serve
from tests.support.scenario import Project, tool_outputs

KEY = "sk-canary-key-77aa01"
HEADER = "canary-header-77aa02"
TOKEN = "canary/token+77aa03"
SECRETS = {"LIVE_KEY": KEY, "LIVE_HEADER": HEADER, "TOOL_TOKEN": TOKEN}

FLOW = """
version: 1
name: leaky
tools:
  shell_echo:
    shell: [printenv, TOKEN]
    description: Say the token
    env: {TOKEN: "${secret:TOOL_TOKEN}"}
  script_echo:
    description: Say the token in several ways
    script: |
      echo "the token is <$TOKEN>"
      echo "$TOKEN" >&2
      exit 3
    env: {TOKEN: "${secret:TOOL_TOKEN}"}
  python_echo:
    python: leaky_tools:say_token
  python_raise:
    python: leaky_tools:raise_token
assistants:
  guide:
    model: m
    instructions: Be brief.
    tools: [shell_echo, script_echo, python_echo, python_raise]
steps:
  ask: {assistant: guide, message: Say it}
  step: {tool: shell_echo}
  failing: {tool: script_echo, on_error: continue}
outputs:
  said: "{{ steps.ask.output }}"
  step: "{{ steps.step.output }}"
  failing: "{{ steps.failing.error }}"
"""

TOOLS = f'''
def say_token() -> dict[str, str]:
    """Say the token, in a value and in a key."""
    return {{"token": "{TOKEN}", "{TOKEN}": "key"}}

def raise_token() -> str:
    """Say the token in an exception."""
    print("printed {TOKEN}")
    raise RuntimeError("cannot use {TOKEN}")
'''

ALL = (("shell_echo", {}), ("script_echo", {}), ("python_echo", {}), ("python_raise", {}))


def project_at(folder, server):
    settings = (
        "version: 1\nendpoints:\n  live:\n"
        f"    base_url: {server.base_url}\n    api_key: ${{secret:LIVE_KEY}}\n"
        '    headers: {X-Team: "team ${secret:LIVE_HEADER}"}\n'
    )
    files = {"leaky.flow.yaml": FLOW, "leaky_tools.py": TOOLS, "flowrun.yaml": settings}
    return Project(folder, files, **SECRETS)


def found(text):
    return [one for one in SECRETS.values() if one in text]


@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_a_secret_is_in_no_output_and_in_nothing_that_is_kept(tmp_path, form):
    with serve(call(*ALL), say("Said.")) as server:
        project = project_at(tmp_path, server)
        ended = project.flowrun("execute", "leaky.flow.yaml", "--format", form, "--run-id", "r-1")
        [first, second] = server.requests
    assert ended.code == 0, ended.err
    assert found(ended.out + without_prints(ended.err)) == []
    assert [name for one in SECRETS.values() for name in project.holding(one)] == []
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert first.headers["x-team"] == f"team {HEADER}"
    assert found(str(first.body) + str(second.body)) == []
    told = tool_outputs(second)
    assert told[0] == "***\n"
    assert "the token is" not in told[1]
    assert "***" in told[1]


def without_prints(text):
    """Return the narrative without what the Python tool itself printed there."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("printed "))


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A project in which the flow was executed once."""
    with serve(call(*ALL), say("Said.")) as server:
        project = project_at(tmp_path_factory.mktemp("leaky"), server)
        assert project.flowrun("execute", "leaky.flow.yaml", "--run-id", "r-1").code == 0
    return project


@pytest.mark.parametrize(
    "command",
    [
        ("check", "leaky.flow.yaml", "--format", "json"),
        ("graph", "leaky.flow.yaml"),
        ("graph", "leaky.flow.yaml", "--format", "json"),
        ("graph", "leaky.flow.yaml", "--format", "mermaid"),
        ("doctor",),
        ("runs", "list"),
        ("runs", "show", "r-1", "--full"),
        ("runs", "show", "r-1", "--format", "json"),
    ],
    ids=" ".join,
)
def test_a_secret_is_in_nothing_that_is_shown(executed, command):
    ended = executed.flowrun(*command)
    assert ended.code == 0, ended.err
    assert ended.out
    assert found(ended.out + ended.err) == []


def test_a_secret_may_come_from_a_folder_of_files(tmp_path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in SECRETS.items():
        (secrets / name).write_text(value + "\n", "utf-8")
    with serve(call(("shell_echo", {})), say("Said.")) as server:
        project = project_at(tmp_path, server)
        nothing = dict.fromkeys(SECRETS, "")
        ended = project.flowrun(
            "execute", "leaky.flow.yaml", FLOWRUN_SECRETS_DIR=str(secrets), **nothing
        )
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert ended.code == 0, ended.err
    assert found(ended.out + ended.err) == []
    assert project.holding(TOKEN) == []


def test_a_secret_of_a_tool_that_is_nowhere_refuses_the_run_before_any_request(tmp_path):
    with serve(say("Said.")) as server:
        project = project_at(tmp_path, server)
        ended = project.flowrun("execute", "leaky.flow.yaml", TOOL_TOKEN="")
        assert server.requests == []
    assert (ended.code, ended.out) == (3, "")
    assert "`TOOL_TOKEN`" in ended.err


def test_a_key_in_a_url_is_not_shown(tmp_path):
    with serve(say("Said.")) as server:
        project = project_at(tmp_path, server)
        address = server.base_url.replace("http://", f"http://user:{KEY}@")
        ended = project.flowrun("execute", "leaky.flow.yaml", "--endpoint", address)
    assert found(ended.out + without_prints(ended.err)) == []
    assert project.holding(KEY) == []


def test_the_crash_file_holds_places_and_no_values(tmp_path):
    """The bug is ours: a room is broken as the process starts."""
    with serve(say("Said.")) as server:
        project = project_at(tmp_path, server)
        broken = tmp_path / "broken"
        broken.mkdir()
        (broken / "sitecustomize.py").write_text(BREAK, "utf-8")
        path = f"{broken}:{project.environ['PYTHONPATH']}"
        ended = project.flowrun("execute", "leaky.flow.yaml", PYTHONPATH=path)
    assert ended.code == 70
    assert "this is a bug in flowrun (RuntimeError)" in ended.err
    assert "Traceback" not in ended.err
    [crash] = project.home.glob("flowrun-crash-*.txt")
    assert found(ended.err + crash.read_text("utf-8")) == []


BREAK = """
import os
import flowrun.app.inputs

def broken(*arguments):
    raise RuntimeError("holds " + os.environ["LIVE_KEY"])

flowrun.app.inputs.read_inputs = broken
"""
