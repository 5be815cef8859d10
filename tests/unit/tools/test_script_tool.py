"""Scripts get values beside their text."""

import json

import pytest

from tests.support.tool_runs import arguments, script


def test_arguments_are_variables_and_json_on_stdin(project):
    tool = script('printf "%s|" "$ARG_CITY" "$ARG_MAX_DAYS" "$ARG_LIST" "$ARG_FLAG"; cat')
    given = {"city": "Köln $(id) `id` \"'\n;", "max-days": 3, "list": [1, "a"], "flag": None}
    variables, _, stdin = project.call(tool, **given).text.rpartition("|")
    assert variables == given["city"] + '|3|[1,"a"]|null'
    assert json.loads(stdin) == given


def test_the_text_is_never_filled_in(project):
    tool = script("echo '{{ args.x }}' \"$ARG_X\"")
    assert project.call(tool, x="$(id)").text == "{{ args.x }} $(id)\n"


def test_a_script_stops_at_the_first_failure_and_at_an_unset_name(project):
    assert project.call(script("false; echo on")).value["exit_code"] == 1
    unset = project.call(script("echo $ARG_NOPE; echo on"))
    assert unset.kind == "exit_code"
    assert "ARG_NOPE" in unset.message
    assert "lines" in unset.message


def test_a_script_may_begin_with_a_dash(project):
    outcome = project.call(script("-x; echo on"))
    assert outcome.value["exit_code"] == 127


def test_defaults_are_filled_in(project):
    tool = script("echo $ARG_X; cat", parameters=arguments(x={"default": 5}))
    assert project.call(tool).text == '5\n{"x":5}'


def test_a_value_too_long_for_a_variable_is_on_stdin_alone(project):
    outcome = project.call(script("wc -c; env | grep -c ARG_X || true"), x="y" * 300_000)
    assert outcome.text.split() == ["300008", "0"]


def test_names_that_would_be_one_variable_are_refused(project):
    outcome = project.call(script("true"), **{"a-b": 1, "a_b": 2})
    assert outcome.message == (
        "arguments of `lines` do not fit: arguments `a-b` and `a_b` would both be `ARG_A_B`"
    )


def test_a_name_cannot_smuggle_another_variable(project):
    outcome = project.call(script("env"), **{"x\nLD_PRELOAD": "canary", "PATH=": "canary"})
    lines = outcome.text.splitlines()
    assert "ARG_X_LD_PRELOAD=canary" in lines
    assert "ARG_PATH_=canary" in lines
    assert not any(line.startswith(("LD_", "PATH=c")) for line in lines)


def test_a_nul_character_is_refused(project):
    assert project.call(script("true"), x="a\0b").kind == "bad_arguments"


@pytest.mark.parametrize("text", ["echo \0", "#" * 200_000])
def test_what_sh_cannot_be_handed_cannot_be_loaded(project, text):
    assert "`script` must be text of at most" in project.problem(script(text))


def test_without_sh_nothing_is_loaded(project):
    project.environment["PATH"] = str(project.root)
    assert project.problem(script("true")) == "program `sh` is not on PATH"


def test_what_json_cannot_say_is_refused(project):
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    tool = script("cat", parameters={"type": "object"})
    for given in ({"a": nested}, {"a": float("nan")}, {"\ud83d": 1}):
        assert project.call(tool, **given).kind == "bad_arguments"
