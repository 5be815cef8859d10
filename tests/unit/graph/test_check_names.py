"""Names that definitions mention."""

import pytest

from tests.support.flows import check_body

ASSISTANT = "assistants: {guide: {model: m}}\n"
STEP = "steps: {a: {assistant: guide, message: Hi}}\n"


def lines(body):
    return check_body(body).lines


def test_there_may_be_nothing_to_suggest():
    (one,) = lines("steps: {a: {assistant: guide, message: Hi}}\n")
    assert one.startswith("flow.yaml:3:24 ref/unknown-assistant no assistant `guide` in this flow")
    assert one.endswith(" | declare `guide` under `assistants:`")


@pytest.mark.parametrize(
    "broken",
    [
        "assistants: {guide: {model: m, tempratur: 1, model: 2}}\n" + STEP,
        "asistants: {guide: {model: m}}\n" + STEP,
    ],
)
def test_what_could_not_be_read_is_not_called_unknown(broken):
    assert "ref/unknown-assistant" not in check_body(broken).codes


def test_endpoints_of_the_project_are_known():
    assert not lines("assistants: {guide: {model: m, endpoint: local}}\n" + STEP)


def test_the_endpoint_of_an_alias_is_one_of_the_project():
    (one,) = lines("assistants: {guide: {model: lost}}\n" + STEP)
    assert one.startswith("flow.yaml:3:29 ref/unknown-endpoint model `lost` is at endpoint `locl`")
    assert not lines("assistants: {guide: {model: lost, endpoint: local}}\n" + STEP)


def test_a_tool_choice_names_a_tool_of_the_assistant():
    body = (
        "tools: {a: {shell: [df]}, b: {shell: [df]}}\nassistants:\n"
        "  guide: {model: m, tools: [a], tool_choice: {type: function, function: {name: b}}}\n"
        "steps: {s: {assistant: guide, message: Hi}, t: {tool: b}}\n"
    )
    (one,) = lines(body)
    assert "no tool `b` among those of assistant `guide`" in one
    assert one.startswith("flow.yaml:5:80 ref/unknown-tool")


def test_a_variable_with_a_value_of_its_own_need_not_be_set():
    body = "tools: {a: {shell: [df], env: {TOKEN: abc}}}\nsteps: {s: {tool: a}}\n"
    assert not lines(body)


def test_a_thousand_unknown_names_are_quick():
    steps = "".join(f"  s{n}: {{tool: t, needs: [x{n}]}}\n" for n in range(1000))
    done = check_body(f"tools: {{t: {{shell: [df]}}}}\nsteps:\n{steps}")
    assert done.codes == ["ref/unknown-step"] * 1000
