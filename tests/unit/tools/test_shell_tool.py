"""No value becomes shell text, another argument, or an option."""

import json

import pytest

from tests.support.tool_runs import arguments, shell

SHOW = (
    "python3",
    "-c",
    "import json, sys; print(json.dumps(sys.argv[1:]))",
)
TEXT = arguments(x={"type": "string"})


def argv(project, *items, **given):
    outcome = project.call(shell(*SHOW, *items), **given)
    return json.loads(outcome.text)


@pytest.mark.parametrize(
    "value",
    [
        "$(touch hacked)",
        "`touch hacked`",
        "; touch hacked",
        "&& touch hacked #",
        "| touch hacked",
        "two\nlines\n",
        'it\'s "quoted" \\ $HOME *',
        "",
        " ",
        "{{ args.y }}{% if true %}",
        "ключ 🔑",
    ],
)
def test_a_value_is_one_argument_whatever_it_holds(project, value):
    assert argv(project, "{{ args.x }}", "pre-{{ args.x }}-post", "$HOME", x=value, y="no") == [
        value,
        f"pre-{value}-post",
        "$HOME",
    ]
    assert not (project.root / "hacked").exists()


def test_other_values_are_json(project):
    items = ("{{ args.n }}", "{{ args.b }}", "{{ args.l }}", "{{ args.o }}", "{{ args.z }}")
    given = {"n": 3, "b": True, "l": [1, "ä"], "o": {"k": None}, "z": None}
    assert argv(project, *items, **given) == ["3", "true", '[1,"ä"]', '{"k":null}', "null"]


def test_defaults_are_filled_in(project):
    tool = shell("echo", "{{ args.x }}", parameters=arguments(x={"default": "usual"}))
    assert project.call(tool).text == "usual\n"


@pytest.mark.parametrize(
    ("items", "given"),
    [
        (("{{ args.x }}",), {"x": "--output=/tmp/x"}),
        (("{{ args.x }}",), {"x": "-"}),
        (("{{ args.n }}",), {"n": -5}),
        (("{{ args.x }}{{ args.n }}",), {"x": "", "n": "-o"}),
        (("\n{{- args.x }}",), {"x": "-o"}),
        (("{% if true %}{{ args.x }}{% endif %}",), {"x": "-o"}),
        (("{{ args.x }}", "--"), {"x": "-o"}),
        (("{{ args.y }}", "{{ args.x }}"), {"y": "--", "x": "-o"}),
    ],
)
def test_a_value_never_becomes_an_option(project, items, given):
    outcome = project.call(shell("echo", *items), **given)
    assert outcome.kind == "bad_arguments"
    assert "would be taken for an option" in outcome.message


def test_after_two_dashes_and_behind_a_literal_any_value_goes(project):
    assert project.call(shell("echo", "--", "{{ args.x }}"), x="-n").text == "-- -n\n"
    assert project.call(shell("echo", "--out={{ args.x }}"), x="-n").text == "--out=-n\n"


def test_a_nul_character_is_refused(project):
    outcome = project.call(shell("echo", "{{ args.x }}"), x="a\0b")
    assert outcome.kind == "bad_arguments"
    assert "NUL" in outcome.message


def test_an_argument_that_is_missing_is_said(project):
    outcome = project.call(shell("echo", "{{ args.x }}"), y=1)
    assert outcome.kind == "bad_arguments"
    assert "`x`" in outcome.message


def test_arguments_are_held_to_the_schema(project):
    outcome = project.call(shell("echo", "{{ args.x }}", parameters=TEXT), x=3)
    assert outcome.message == (
        "arguments of `program` do not fit: argument `x`: expected string, found `3`"
    )


@pytest.mark.parametrize("items", [(), ("",), ("{{ args.x }}", "y"), ("{% if 1 %}ls{% endif %}",)])
def test_the_program_is_never_a_value(project, items):
    assert "must begin with the name of a program" in project.problem(shell(*items))


def test_what_is_no_template_or_argument_cannot_be_loaded(project):
    assert "NUL" in project.problem(shell("echo", "a\0b"))
    assert "{{ args." in project.problem(shell("echo", "{{ args. }}"))
