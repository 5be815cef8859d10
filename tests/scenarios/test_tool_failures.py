"""What tools do wrong is told to the model or fails the step; nothing starts without its tools."""

import json

import pytest

from tests.support.endpoint import call, say, serve
from tests.support.scenario import Project, endpoint_settings, tool_outputs

TOOLS = """
\"\"\"Tools that fail, each in its way.\"\"\"
import time

def explode(city: str) -> str:
    \"\"\"Raise an exception.\"\"\"
    raise ValueError(f"no weather in {city}")

def dawdle(city: str) -> str:
    \"\"\"Take too long.\"\"\"
    time.sleep(30)
    return city

def forecast(city: str) -> str:
    \"\"\"Say the weather.\"\"\"
    return f"mild in {city}"
"""

FLOW = """
version: 1
name: failing
tools:
  explode: {{python: "failing_tools:explode", on_error: {on_error}}}
  dawdle: {{python: "failing_tools:dawdle", timeout: 100ms, on_error: {on_error}}}
  forecast: {{python: "failing_tools:forecast", on_error: {on_error}}}
  slow_shell:
    shell: [sleep, "30"]
    description: Take too long
    timeout: 100ms
    on_error: {on_error}
  broken_shell:
    script: |
      echo half done
      echo disk is full >&2
      exit 7
    description: End with an exit code
    on_error: {on_error}
assistants:
  guide:
    model: m
    instructions: Be brief.
    tools: [explode, dawdle, forecast, slow_shell, broken_shell]
steps:
  ask: {{assistant: guide, message: How is the weather?}}
  after: {{assistant: guide, message: "You said {{{{ steps.ask.output }}}}"}}
outputs:
  answer: "{{{{ steps.ask.output }}}}"
"""

PARIS = {"city": "Paris"}
THERE_IS = "`explode`, `dawdle`, `forecast`, `slow_shell`, `broken_shell`"

FAILURES = {
    "exception": (("explode", PARIS), "exception", "ValueError: no weather in Paris"),
    "timeout": (("dawdle", PARIS), "timeout", "did not finish within 0.1 s"),
    "shell_timeout": (("slow_shell", {}), "timeout", "did not finish within 0.1 s"),
    "exit_code": (("broken_shell", {}), "exit_code", "ended with exit code 7: disk is full"),
    "not_json": (("forecast", '{"city": '), "bad_arguments", "text that is not JSON"),
    "not_an_object": (
        ("forecast", '["Paris"]'),
        "bad_arguments",
        "expected the arguments as a JSON",
    ),
    "wrong_type": (("forecast", {"city": 4}), "bad_arguments", "`forecast` do not fit"),
    "missing": (("forecast", {}), "bad_arguments", "`forecast` do not fit"),
    "unknown_tool": (
        ("forecats", PARIS),
        "unknown_tool",
        f"no tool `forecats`; there is: {THERE_IS}",
    ),
}


def project_at(folder, server, *, on_error="tell_model", wire="chat"):
    return Project(
        folder,
        {
            "failing.flow.yaml": FLOW.format(on_error=on_error),
            "failing_tools.py": TOOLS,
            "flowrun.yaml": endpoint_settings(server.base_url, wire=wire),
        },
    )


def execute(project, *arguments):
    ended = project.flowrun("execute", "failing.flow.yaml", "--format", "json", *arguments)
    assert "Traceback" not in ended.err
    return ended


def written(arguments):
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def only_call(project, result):
    [called] = project.show(result["run_id"])["steps"]["ask"]["tool_calls"]
    return called


@pytest.fixture(scope="module")
def all_at_once(tmp_path_factory):
    """One run whose model makes every failing call in one turn: told, recorded, and its end."""
    calls = [asked for asked, _, _ in FAILURES.values()]
    with serve(call(*calls), say("Never mind.")) as server:
        project = project_at(tmp_path_factory.mktemp("failing"), server)
        ended = execute(project)
        told = tool_outputs(server.requests[1])
    recorded = project.show(ended.result["run_id"])["steps"]["ask"]["tool_calls"]
    return dict(zip(FAILURES, zip(told, recorded, strict=True), strict=True)), ended


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_told_to_the_model_and_the_record_holds_it(all_at_once, name):
    (tool, arguments), kind, sentence = FAILURES[name]
    told, called = all_at_once[0][name]
    assert told.startswith("Error: ")
    assert sentence in told
    assert "Traceback" not in told
    assert (called["tool"], called["status"], called["error"]) == (tool, "failed", kind)
    assert called["arguments"] == written(arguments)
    assert called["output"] == told


def test_a_model_that_was_told_of_failures_goes_on(all_at_once):
    _, ended = all_at_once
    assert ended.code == 0, ended.err
    assert ended.result["outputs"] == {"answer": "Never mind."}


@pytest.mark.parametrize("name", ["exception", "shell_timeout", "exit_code", "not_json"])
def test_a_tool_that_says_so_fails_the_step_and_the_record_holds_it(tmp_path, name):
    asked, kind, sentence = FAILURES[name]
    with serve(call(asked), say("Never mind.")) as server:
        project = project_at(tmp_path, server, on_error="fail")
        ended = execute(project)
        assert len(server.requests) == 1
    result = ended.result
    assert ended.code == 1
    assert result["status"] == "failed"
    assert result["steps"]["ask"]["error"]["code"] == "tool"
    assert result["steps"]["ask"]["error"]["message"].startswith(f"tool `{asked[0]}`: ")
    assert result["steps"]["after"]["status"] == "skipped"
    called = only_call(project, result)
    assert (called["status"], called["error"]) == ("failed", kind)
    assert sentence in called["output"]
    assert ended.sentences[0].startswith(f"error: step `ask` failed: tool `{asked[0]}`: ")


def test_an_unknown_name_from_the_model_fails_nothing_even_where_tools_would(tmp_path):
    with serve(call(("forecats", PARIS)), say("Sorry.")) as server:
        ended = execute(project_at(tmp_path, server, on_error="fail"))
    assert (ended.code, ended.result["outputs"]) == (0, {"answer": "Sorry."})


def test_one_failure_among_parallel_calls_leaves_the_others_their_results(tmp_path):
    with serve(call(("explode", PARIS), ("forecast", PARIS)), say("Half of it.")) as server:
        ended = execute(project_at(tmp_path, server))
        told = tool_outputs(server.requests[1])
    assert ended.code == 0, ended.err
    assert told[0].startswith("Error: ")
    assert told[1] == "mild in Paris"


def test_over_the_responses_wire_the_model_is_told_as_well(tmp_path):
    with serve(call(("explode", PARIS)), say("Never mind.")) as server:
        ended = execute(project_at(tmp_path, server, wire="responses"))
        outputs = [
            one["output"]
            for one in server.requests[1].body["input"]
            if one.get("type") == "function_call_output"
        ]
    assert ended.code == 0, ended.err
    assert "ValueError: no weather in Paris" in outputs[0]


FLOW_OF_STEPS = """
version: 1
name: steps
tools:
  broken: {script: "echo disk is full >&2; exit 7", description: Fail}
steps:
  first: {tool: broken, on_error: %s}
  second: {tool: broken, needs: [first]}
outputs:
  said: "{{ steps.first.error }}"
"""


def test_a_failed_tool_step_ends_the_run_and_skips_what_waits_for_it(tmp_path):
    project = Project(tmp_path, {"steps.flow.yaml": FLOW_OF_STEPS % "fail"})
    ended = project.flowrun(
        "execute", "steps.flow.yaml", "--format", "json", "--endpoint", "http://127.0.0.1:9/v1"
    )
    result = ended.result
    assert ended.code == 1
    assert result["steps"]["first"]["output"]["exit_code"] == 7
    assert result["steps"]["second"]["status"] == "skipped"
    assert ended.sentences == [
        "error: step `first` failed: `broken` ended with exit code 7: disk is full"
    ]


def test_under_continue_the_run_goes_on_and_the_error_can_be_read(tmp_path):
    text = FLOW_OF_STEPS % "continue" + "  again: '{{ steps.second.status }}'\n"
    text = text.replace("needs: [first]}", "needs: [first], on_error: continue}")
    project = Project(tmp_path, {"steps.flow.yaml": text})
    ended = project.flowrun(
        "execute", "steps.flow.yaml", "--format", "json", "--endpoint", "http://127.0.0.1:9/v1"
    )
    assert ended.code == 0, ended.err
    assert "disk is full" in ended.result["outputs"]["said"]
    assert ended.result["outputs"]["again"] == "failed"


UNLOADABLE = {
    "raises_on_import": ("raise RuntimeError('no licence')\n" + TOOLS, "no licence"),
    "imports_what_is_not_there": ("import no_such_library_here\n" + TOOLS, "no_such_library_here"),
}


@pytest.mark.parametrize("name", UNLOADABLE)
def test_a_declared_tool_that_cannot_load_refuses_the_run_before_any_request(tmp_path, name):
    module, reason = UNLOADABLE[name]
    with serve(say("Hello")) as server:
        project = project_at(tmp_path, server)
        project.write({"failing_tools.py": module})
        ended = execute(project)
        assert server.requests == []
    assert (ended.code, ended.out) == (3, "")
    assert "tool/cannot-load" in ended.err
    assert reason in ended.err
    assert "explode" in ended.err
    assert not project.store.exists()
