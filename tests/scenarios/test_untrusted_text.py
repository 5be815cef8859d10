"""What models, tools and inputs say is data: no template, no program, no order to a terminal."""

import pytest

from tests.support.endpoint import Fail, call, say, serve
from tests.support.scenario import TALK, Project, endpoint_settings, requests_of, tool_outputs

TITLE = "\x1b]0;owned\x07"
CLEAR = "\x1b[2J\x1b[H"
HOSTILE = f"{CLEAR}{TITLE}[bold]not markup[/bold]\x9b31m\u202e fine"

CHAIN = """
version: 1
name: chain
inputs: {said: {type: string, default: "{{ run.id }}"}}
tools:
  echo:
    shell: [echo, --, "{{ args.text }}"]
    description: Say it again
    parameters: {text: {type: string}}
assistants:
  guide: {model: m, instructions: Be brief., tools: [echo]}
steps:
  one: {assistant: guide, message: "First {{ inputs.said }}"}
  two: {assistant: guide, message: "Then {{ steps.one.output }}"}
outputs:
  said: "{{ steps.two.output }}"
"""

TEMPLATE = "{{ inputs.said }} {% for x in [1, 2] %}{{ x }}{% endfor %} {# #} ${HOME} ${secret:KEY}"


def project_at(folder, server, flow=CHAIN):
    settings = endpoint_settings(server.base_url)
    return Project(folder, {"sample.flow.yaml": flow, "flowrun.yaml": settings})


def test_a_template_in_an_answer_is_a_text(tmp_path):
    with serve(say(TEMPLATE), say(TEMPLATE)) as server:
        project = project_at(tmp_path, server)
        ended = project.flowrun("execute", "sample.flow.yaml", "--format", "json")
        questions = requests_of(server)
    assert ended.code == 0, ended.err
    assert questions[1] == f"Then {TEMPLATE}"
    assert ended.result["outputs"] == {"said": TEMPLATE}


def test_a_template_in_an_input_is_a_text(tmp_path):
    with serve(say("ok")) as server:
        project = project_at(tmp_path, server)
        project.flowrun("execute", "sample.flow.yaml", "-i", f"said={TEMPLATE}")
        assert requests_of(server)[0] == f"First {TEMPLATE}"


ODD_ARGUMENTS = [
    TEMPLATE,
    "$(touch owned)",
    "`touch owned`; touch owned & touch owned",
    "a\nb",
    "*",
    "'\"\\",
]


def test_an_argument_from_a_model_is_one_argument(tmp_path):
    calls = [("echo", {"text": text}) for text in ODD_ARGUMENTS]
    with serve(call(*calls), say("ok")) as server:
        project = project_at(tmp_path, server)
        ended = project.flowrun("execute", "sample.flow.yaml")
        told = tool_outputs(server.requests[1])
    assert ended.code == 0, ended.err
    assert told == [f"-- {text}\n" for text in ODD_ARGUMENTS]
    assert not (project.root / "owned").exists()


def test_an_argument_from_a_model_is_no_option(tmp_path):
    flow = CHAIN.replace("[echo, --, ", "[touch, ")
    with serve(call(("echo", {"text": "--reference=/etc/hostname"})), say("ok")) as server:
        project_at(tmp_path, server, flow).flowrun("execute", "sample.flow.yaml")
        [told] = tool_outputs(server.requests[1])
    assert told.startswith("Error: ")
    assert "would be taken for an option" in told


def test_an_argument_of_a_script_is_no_part_of_it(tmp_path):
    flow = CHAIN.replace('shell: [echo, --, "{{ args.text }}"]', 'script: printf %s "$ARG_TEXT"')
    text = '"; touch owned; echo "$(touch owned)'
    with serve(call(("echo", {"text": text})), say("ok")) as server:
        project = project_at(tmp_path, server, flow)
        project.flowrun("execute", "sample.flow.yaml")
        assert tool_outputs(server.requests[1]) == [text]
    assert not (project.root / "owned").exists()


@pytest.mark.parametrize(
    ("form", "environ"),
    [
        ("text", {}),
        ("text", {"TERM": "dumb"}),
        ("text", {"NO_COLOR": "1"}),
        ("json", {}),
        ("jsonl", {}),
    ],
    ids=str,
)
def test_a_terminal_is_spared_what_a_model_would_do_to_it(tmp_path, form, environ):
    with serve(call(("echo", {"text": HOSTILE}), ("echo" + TITLE, "{")), say(HOSTILE)) as server:
        project = project_at(tmp_path, server)
        with project.on_terminal(
            "execute", "sample.flow.yaml", "--format", form, **environ
        ) as screen:
            code, text = screen.finish()
    assert code == 0, text
    assert_spared(text)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_terminal_is_spared_when_the_run_is_looked_at_later(tmp_path, form):
    with serve(call(("echo", {"text": HOSTILE}), ("echo" + TITLE, "{")), say(HOSTILE)) as server:
        project = project_at(tmp_path, server)
        project.flowrun("execute", "sample.flow.yaml", "--run-id", "r-1")
    for command in (("runs", "show", "r-1", "--full"), ("runs", "list")):
        with project.on_terminal(*command, "--format", form) as screen:
            code, text = screen.finish()
        assert code == 0, text
        assert_spared(text)


def assert_spared(text):
    assert TITLE not in text
    assert "\x1b]" not in text
    assert CLEAR not in text
    assert "\x1b[2J" not in text
    assert "\x9b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text


def test_a_terminal_is_spared_when_a_flow_is_hostile(tmp_path):
    flow = TALK.replace("Say hello", f"{TITLE} {{{{ inputs.x }}}}")
    project = Project(tmp_path, {"talk.flow.yaml": flow})
    for arguments in (("check",), ("check", "--format", "github"), ("execute",)):
        with project.on_terminal(*arguments, "talk.flow.yaml") as screen:
            code, text = screen.finish()
        assert code == 3
        assert_spared(text)


def test_a_pipe_is_given_the_very_text(tmp_path):
    with serve(say("ok"), say(HOSTILE)) as server:
        project = project_at(tmp_path, server)
        ended = project.flowrun("execute", "sample.flow.yaml")
    assert ended.out == HOSTILE + "\n"


def test_an_endpoint_that_sends_escapes_in_its_error_is_quoted_harmlessly(tmp_path):
    with serve(Fail(400, {"error": {"message": HOSTILE, "type": "x", "code": "x"}})) as server:
        project = project_at(tmp_path, server, TALK)
        with project.on_terminal("execute", "sample.flow.yaml") as screen:
            code, text = screen.finish()
    assert code == 1
    assert_spared(text)
