"""One case for each kind of mistake that must be caught before the first model call.

`»` marks the place that must be pointed at; it is taken out before the file is written.
"""

from dataclasses import dataclass

import pytest

from tests.support.endpoint import say, serve
from tests.support.scenario import Project, endpoint_settings

HEAD = "version: 1\nname: sample\n"
GUIDE = "assistants:\n  guide: {model: m, instructions: Be brief.}\n"
HELLO = "steps:\n  hello: {assistant: guide, message: Hello}\n"

TOOLS = '''
def locate(city: str) -> str:
    """Say where a city is."""
    return city

def spread(*cities: str) -> str:
    """Take any number of cities."""
    return ""

def odd(place: object) -> str:
    """Take anything at all."""
    return ""
'''


@dataclass(frozen=True)
class Mistake:
    """A flow with one mistake, and what must be said of it."""

    text: str
    code: str
    hint: str = ""
    message: str = ""


MISTAKES = {
    "key_of_the_flow": Mistake(
        HEAD + "»descripton: A sample\n" + GUIDE + HELLO,
        "bind/unknown-key",
        "did you mean `description`?",
    ),
    "key_of_an_assistant": Mistake(
        HEAD + "assistants:\n  guide: {model: m, »temprature: 1}\n" + HELLO,
        "bind/unknown-key",
        "did you mean `temperature`?",
    ),
    "key_of_a_step": Mistake(
        HEAD + GUIDE + "steps:\n  hello: {assistant: guide, message: Hi, »thred: talk}\n",
        "bind/unknown-key",
        "did you mean `thread`?",
    ),
    "key_deep_inside": Mistake(
        HEAD + "assistants:\n  guide:\n    model: m\n"
        + "    truncation: {type: auto, »last_mesages: 1}\n"
        + HELLO,
        "bind/unknown-key",
        "did you mean `last_messages`?",
    ),
    "key_of_an_input": Mistake(
        HEAD + "inputs:\n  city: {type: string, »defualt: Paris}\n" + GUIDE
        + "steps:\n  hello: {assistant: guide, message: \"{{ inputs.city }}\"}\n",
        "bind/unknown-key",
        "did you mean `default`?",
    ),
    "unknown_step": Mistake(
        HEAD + GUIDE + HELLO + "outputs:\n  said: \"{{ steps.»helo.output }}\"\n",
        "ref/unknown-step",
        "did you mean `hello`?",
    ),
    "unknown_step_in_needs": Mistake(
        HEAD + GUIDE + HELLO.replace("message", "needs: [»other], message"),
        "ref/unknown-step",
    ),
    "unknown_assistant": Mistake(
        HEAD + GUIDE + "steps:\n  hello: {assistant: »giude, message: Hello}\n",
        "ref/unknown-assistant",
        "did you mean `guide`?",
    ),
    "unknown_tool": Mistake(
        HEAD + "tools:\n  locate: {python: \"places:locate\"}\n"
        + "assistants:\n  guide: {model: m, tools: [locate, »lokate]}\n" + HELLO,
        "ref/unknown-tool",
        "did you mean `locate`?",
    ),
    "unknown_tool_of_a_step": Mistake(
        HEAD + "steps:\n  there: {tool: »locate}\n",
        "ref/unknown-tool",
    ),
    "unknown_thread": Mistake(
        HEAD + GUIDE + "threads: {talk: {}}\nsteps:\n"
        + "  hello: {assistant: guide, thread: talk, message: Hello}\n"
        + "  again: {assistant: guide, thread: »tlak, message: Hello}\n",
        "ref/unknown-thread",
        "did you mean `talk`?",
    ),
    "unknown_input": Mistake(
        HEAD + "inputs: {city: {type: string}}\n" + GUIDE
        + "steps:\n  hello: {assistant: guide, message: \"{{ inputs.»ctiy }}\"}\n",
        "ref/unknown-input",
        "did you mean `city`?",
    ),
    "unknown_field_of_an_output_with_a_schema": Mistake(
        HEAD + GUIDE + "steps:\n  judge:\n    assistant: guide\n    message: Judge\n"
        + "    output: {type: object, properties: {verdict: {type: string}},"
        + " additionalProperties: false}\n"
        + "outputs:\n  said: \"{{ steps.judge.output.»verdikt }}\"\n",
        "ref/unknown-field",
        "did you mean `verdict`?",
    ),
    "template_in_a_block": Mistake(
        HEAD + GUIDE + "inputs: {city: {type: string}}\nsteps:\n  hello:\n    assistant: guide\n"
        + "    message: |\n      Hello,\n\n        how is {{ inputs.city | »}}?\n",
        "template/syntax",
    ),
    "template_in_a_folded_block": Mistake(
        HEAD + GUIDE + "inputs: {city: {type: string}}\nsteps:\n  hello:\n    assistant: guide\n"
        + "    message: >-\n      Hello,\n      how is {{ inputs.city | »uper }}\n      today?\n",
        "template/unknown-filter",
        "did you mean `upper`?",
    ),
    "cycle_of_references": Mistake(
        HEAD + GUIDE + "steps:\n"
        + "  one: {assistant: guide, message: \"{{ »steps.two.output }}\"}\n"
        + "  two: {assistant: guide, message: \"{{ steps.one.output }}\"}\n",
        "graph/cycle",
        message="`two` refers to `steps.one.output` (line 7)",
    ),
    "cycle_with_thread_order": Mistake(
        HEAD + GUIDE + "threads: {talk: {}}\nsteps:\n"
        + "  one: {assistant: guide, thread: talk, message: \"{{ »steps.two.output }}\"}\n"
        + "  two: {assistant: guide, thread: talk, message: Go on}\n",
        "graph/cycle",
        "steps of one thread run in file order",
        message="`two` comes after `one` on thread `talk`",
    ),
    "duplicate_key": Mistake(
        HEAD + "assistants:\n  guide:\n    model: m\n    »model: n\n" + HELLO,
        "yaml/duplicate-key",
    ),
    "wrong_type": Mistake(
        HEAD + "assistants:\n  guide: {model: m, temperature: »warm}\n" + HELLO,
        "bind/wrong-type",
        message="must be a number, found the text `warm`",
    ),
    "wrong_type_of_a_mapping": Mistake(
        HEAD + GUIDE + "steps: »[hello]\n",
        "bind/wrong-type",
    ),
    "missing_key": Mistake(
        HEAD + "assistants:\n  »guide: {instructions: Be brief.}\n" + HELLO,
        "bind/missing-key",
        message="`model`",
    ),
    "unquoted_template": Mistake(
        HEAD + GUIDE + "inputs: {city: {type: string}}\nsteps:\n  hello:\n    assistant: guide\n"
        + "    message: »{{ inputs.city }}\n",
        "yaml/unquoted-template",
    ),
    "tab": Mistake(
        HEAD + "assistants:\n»\tguide: {model: m}\n" + HELLO,
        "yaml/tab",
    ),
    "missing_file": Mistake(
        HEAD + "assistants:\n  guide: {model: m, instructions: !file »nowhere.md}\n" + HELLO,
        "file/missing",
    ),
    "outside_the_project": Mistake(
        HEAD + "assistants:\n  guide: {model: m, instructions: !file »../../outside.md}\n" + HELLO,
        "file/outside-project",
    ),
    "absolute_path": Mistake(
        HEAD + "assistants:\n  guide: {model: m, instructions: !file »/etc/hostname}\n" + HELLO,
        "file/outside-project",
    ),
    "no_such_module": Mistake(
        HEAD + "tools:\n  there: {python: »\"plces:locate\"}\nsteps:\n"
        + "  there: {tool: there, with: {city: Paris}}\n",
        "tool/unknown-module",
    ),
    "no_such_function": Mistake(
        HEAD + "tools:\n  there: {python: »\"places:lokate\"}\nsteps:\n"
        + "  there: {tool: there, with: {city: Paris}}\n",
        "tool/unknown-function",
        "did you mean `locate`?",
    ),
    "inexpressible_signature": Mistake(
        HEAD + "tools:\n  there: {python: »\"places:spread\"}\nsteps:\n  there: {tool: there}\n",
        "tool/signature",
    ),
    "program_not_on_path": Mistake(
        HEAD + "tools:\n  there: {shell: [»no-such-program-here], description: Nothing}\n"
        + "steps:\n  there: {tool: there}\n",
        "tool/program-not-found",
    ),
    "unknown_argument_of_a_tool": Mistake(
        HEAD + "tools:\n  there: {python: \"places:locate\"}\nsteps:\n"
        + "  there: {tool: there, with: {city: Paris, »town: Paris}}\n",
        "ref/unknown-argument",
        "known: `city`",
    ),
    "missing_variable": Mistake(
        HEAD + "assistants:\n  guide: {model: \"»${NO_SUCH_VARIABLE_HERE}\"}\n" + HELLO,
        "env/missing",
    ),
    "unknown_version": Mistake(
        "version: »2\nname: sample\n" + GUIDE + HELLO,
        "bind/unknown-version",
    ),
    "not_available_yet": Mistake(
        HEAD + "assistants:\n  guide: {model: m, »knowledge: [docs/*.md]}\n" + HELLO,
        "bind/not-available-yet",
    ),
    "built_in_tool_of_a_later_release": Mistake(
        HEAD + "assistants:\n  guide: {model: m, tools: [»file_search]}\n" + HELLO,
        "bind/not-available-yet",
    ),
    "secret_in_a_prompt": Mistake(
        HEAD + "assistants:\n  guide: {model: m, description: \"»${secret:KEY}\"}\n" + HELLO,
        "secret/not-here",
    ),
}  # fmt: skip


def path_of(name):
    return f"cases/{name}.flow.yaml"


def marked(text):
    """Return the text without its mark, and where the mark was, as `line:column`."""
    before, _, after = text.partition("»")
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def project_at(folder, server=None):
    files = {path_of(name): marked(one.text)[0] for name, one in MISTAKES.items()}
    files |= {"cases/places.py": TOOLS, "flowrun.yaml": "version: 1\n"}
    if server is not None:
        files["flowrun.yaml"] = endpoint_settings(server.base_url)
    return Project(folder, files)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What one `flowrun check` says of all cases, by their files."""
    project = project_at(tmp_path_factory.mktemp("mistakes"))
    ended = project.flowrun("check", "cases", "--format", "json")
    assert ended.code == 3, ended.err
    found = ended.result["diagnostics"]
    return {name: [one for one in found if one["path"] == path_of(name)] for name in MISTAKES}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported_once_and_at_its_place(reports, name):
    mistake = MISTAKES[name]
    errors = [one for one in reports[name] if one["severity"] == "error"]
    places = [f"{one['start']['line']}:{one['start']['column']}" for one in errors]
    assert [(place, one["code"]) for place, one in zip(places, errors, strict=True)] == [
        (marked(mistake.text)[1], mistake.code)
    ]
    [report] = errors
    assert mistake.hint in (report["hint"] or "")
    assert mistake.message in report["message"]
    assert not report["message"].endswith(".")


ONE_A_STAGE = {one.code.partition("/")[0]: name for name, one in MISTAKES.items()}.values()


@pytest.mark.parametrize("name", ONE_A_STAGE)
def test_what_check_refuses_execute_refuses_before_any_request(tmp_path, name):
    with serve(say("Hello")) as server:
        project = project_at(tmp_path, server)
        ended = project.flowrun("execute", path_of(name))
        assert server.requests == []
    assert (ended.code, ended.out) == (3, "")
    assert f"error[{MISTAKES[name].code}]: " in ended.err
    assert f"--> {path_of(name)}:{marked(MISTAKES[name].text)[1]}\n" in ended.err
    assert "Traceback" not in ended.err
    assert not project.store.exists()


def test_every_code_has_a_page_offline(tmp_path):
    project = Project(tmp_path)
    listed = project.flowrun("explain").out
    assert [one.code for one in MISTAKES.values() if one.code not in listed] == []
    page = project.flowrun("explain", "graph/cycle")
    assert page.code == 0
    assert "graph/cycle" in page.out


def test_a_mistake_in_the_project_file_is_reported_as_one(tmp_path):
    settings = "version: 1\nendpoints:\n  live: {base_ulr: http://127.0.0.1:9/v1}\n"
    flow = HEAD + GUIDE + HELLO
    project = Project(tmp_path, {"flowrun.yaml": settings, "sample.flow.yaml": flow})
    for command in ("check", "execute", "graph"):
        ended = project.flowrun(command, "sample.flow.yaml")
        assert ended.code == 3
        assert "flowrun.yaml:3:10" in ended.out + ended.err
        assert "did you mean `base_url`?" in ended.out + ended.err


def test_a_mistake_in_the_replies_file_is_reported_as_one(tmp_path):
    replies = "version: 1\nreplies:\n  - whn: {assistant: guide}\n    say: Hello\n"
    flow = HEAD + GUIDE + HELLO
    project = Project(tmp_path, {"sample.replies.yaml": replies, "sample.flow.yaml": flow})
    ended = project.flowrun("execute", "sample.flow.yaml")
    assert (ended.code, ended.out) == (3, "")
    assert "sample.replies.yaml:3:5" in ended.err
    assert "did you mean `when`?" in ended.err


def test_a_flow_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    project = Project(tmp_path, {"sample.flow.yaml": HEAD + GUIDE + HELLO})
    ended = project.flowrun("check", "simple.flow.yaml")
    assert (ended.code, ended.out) == (3, "")
    assert ended.sentences == [
        "error: no file `simple.flow.yaml`",
        "help: there is: sample.flow.yaml",
    ]


def test_a_file_that_is_no_text_is_refused_in_words(tmp_path):
    project = Project(tmp_path)
    (project.root / "image.flow.yaml").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe")
    ended = project.flowrun("check", "image.flow.yaml")
    assert ended.code == 3
    assert "error[yaml/encoding]" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_warnings_are_shown_and_refuse_nothing(tmp_path):
    flow = HEAD + "assistants:\n  guide: {model: m}\n  idle: {model: m}\n" + HELLO
    project = Project(tmp_path, {"sample.flow.yaml": flow})
    project.write({"sample.replies.yaml": "version: 1\nreplies:\n  - say: Hello\n"})
    checked = project.flowrun("check", "sample.flow.yaml")
    executed = project.flowrun("execute", "sample.flow.yaml")
    assert (checked.code, executed.code) == (0, 0)
    assert "warning[lint/unused-assistant]" in checked.out
    assert "warning[lint/unused-assistant]" in executed.err
