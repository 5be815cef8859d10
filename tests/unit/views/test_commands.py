"""What people are told to type."""

import shlex

import pytest

from flowrun.events.records import QuestionAsked
from flowrun.views.commands import answer_commands, resume_command


def asked(kind="approve", step="refund", **more):
    return QuestionAsked(step=step, question=f"steps/{step}/x", kind=kind, message="?", **more)


def test_a_run_elsewhere_is_named_with_its_folder():
    assert resume_command("r") == "flowrun runs resume r"
    assert resume_command("r", "own folder") == "flowrun runs resume r --project 'own folder'"


@pytest.mark.parametrize(
    ("question", "options"),
    [
        (asked(), ["--approve", "--reject"]),
        (asked("approval"), ["--approve", "--reject"]),
        (asked("unknown"), ["--done", "--run", "--fail"]),
        (
            asked("form", schema={"properties": {"a": {}, "b": {}}, "required": ["b"]}),
            ["--value b=...", "--reject"],
        ),
        (
            asked("form", schema={"properties": {"a": {}, "b": {}}}),
            ["--value a=... --value b=...", "--reject"],
        ),
    ],
)
def test_there_is_a_command_for_each_decision(question, options):
    assert list(answer_commands("r", question)) == [
        f"flowrun runs answer r refund {option}" for option in options
    ]


def test_a_label_is_quoted_for_the_shell():
    [first, *_] = answer_commands("r", asked(step="files[3]#2"))
    assert shlex.split(first)[4] == "files[3]#2"
    assert "'files[3]#2'" in first


def test_a_call_is_named_only_where_a_step_asks_about_several():
    one, other = asked("approval", call_id="call_1"), asked("approval", call_id="call_2")
    assert "--call" not in answer_commands("r", one, among=[one])[0]
    assert "--call call_1 --approve" in answer_commands("r", one, among=[one, other])[0]
