"""A run that waits for a person: stopped with the way to answer it, answered from anywhere."""

import shlex

import pytest

from tests.support.endpoint import call, say, serve
from tests.support.scenario import endpoint_settings, misfits, tool_outputs
from tests.support.scenario_people import MAY_I, REFUND, STAY, Desk


def commands(ended):
    """Return the commands that were printed for answering, as words without `flowrun`."""
    lines = [line.strip() for line in ended.err.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("flowrun runs answer")]


def test_a_run_that_waits_stops_with_the_commands_that_answer_it(tmp_path):
    desk = Desk(tmp_path)
    waiting = desk.execute()
    assert (waiting.code, waiting.out) == (5, "")
    assert "parked: waiting for an answer to `ok`" in waiting.err
    assert "`ok` asks: May I go on after completed?" in waiting.err
    approve, reject = commands(waiting)
    assert (approve[-1], reject[-1]) == ("--approve", "--reject")
    done = desk.flowrun(*approve, "--as", "ann")
    assert (done.code, done.out) == (0, "ann\n")
    assert desk.ledger == ["first", "last, said ann"]


def test_programs_are_told_what_is_asked(tmp_path):
    desk = Desk(tmp_path, STAY)
    waiting = desk.execute("--format", "json")
    assert waiting.code == 5
    assert misfits("result", waiting.result) == []
    [question] = waiting.result["questions"]
    assert (question["step"], question["kind"]) == ("stay", "form")
    assert question["schema"]["properties"]["nights"]["minimum"] == 1
    assert question["commands"][0] == "flowrun runs answer r-1 stay --value nights=..."


def test_a_rejection_is_told_and_exits_by_5(tmp_path):
    desk = Desk(tmp_path)
    desk.execute()
    ended = desk.answer(
        "ok", "--reject", "--comment", "too dear", "--as", "ann", "--format", "json"
    )
    assert ended.code == 5
    error = ended.result["steps"]["ok"]["error"]
    assert (error["code"], error["message"]) == ("rejected", "rejected by ann: too dear")
    assert ended.result["steps"]["last"]["status"] == "skipped"
    assert desk.ledger == ["first"]


def test_a_form_is_checked_before_anything_is_recorded(tmp_path):
    desk = Desk(tmp_path, STAY)
    desk.execute()
    refused = {
        ("--value", "nights=two"): "error: field `nights`: expected an integer, found `two`",
        ("--value", "nights=0"): "error: field `nights`: expected at least `1`, found `0`",
        ("--value", "night=2"): "error: `stay` asks for no field `night`",
        ("--value", "breakfast=true"): "error: field `nights` is required",
        ("--approve",): "error: `stay` expects `--value NAME=VALUE` or `--reject`, found",
        (): "error: expected an answer to `stay`",
    }
    for arguments, said in refused.items():
        ended = desk.answer("stay", *arguments)
        assert (ended.code, ended.out) == (64, "")
        assert ended.err.startswith(said)
    desk.project.write({"values.yaml": "nights: 3\n"})
    done = desk.answer("stay", "--values", "values.yaml", "--value", "breakfast=false")
    assert done.code == 0, done.err
    shown = desk.project.show("r-1")
    assert shown["outputs"] == {"stay": {"nights": 3, "breakfast": False}}


def test_a_second_answer_is_refused_naming_the_first(tmp_path):
    desk = Desk(tmp_path)
    desk.execute()
    assert desk.answer("ok", "--approve", "--as", "ann", "--comment", "fine").code == 0
    second = desk.answer("ok", "--reject", "--as", "bob")
    assert (second.code, second.out) == (7, "")
    assert second.err.startswith("error: run `r-1` has its answer to `ok`: approved by ann at ")
    assert second.err.endswith(" UTC: fine\n")
    assert desk.ledger == ["first", "last, said ann"]


def test_an_answer_can_be_left_without_going_on(tmp_path):
    desk = Desk(tmp_path)
    desk.execute()
    left = desk.answer("ok", "--approve", "--as", "ann", "--no-wait")
    assert (left.code, left.out) == (0, "")
    assert left.err == "answer to `ok` recorded; `flowrun runs resume r-1` goes on\n"
    assert desk.ledger == ["first"]
    second = desk.answer("ok", "--reject")
    assert second.code == 7
    assert "approved by ann" in second.err
    resumed = desk.flowrun("runs", "resume", "r-1")
    assert (resumed.code, resumed.out) == (0, "ann\n")


def test_what_is_not_asked_cannot_be_answered(tmp_path):
    desk = Desk(tmp_path)
    desk.execute()
    other = desk.answer("first", "--approve")
    assert other.code == 64
    assert other.sentences == [
        "error: `first` has no open question",
        "help: open are those of `ok`",
    ]
    assert desk.answer("ok", "--approve", run_id="r-2").code == 64
    desk.answer("ok", "--approve")
    over = desk.answer("first", "--approve")
    assert over.code == 64
    assert over.sentences[1] == "help: the run asks nothing now"


def test_a_waiting_run_is_seen_to_wait(tmp_path):
    desk = Desk(tmp_path)
    desk.execute()
    [row] = desk.project.runs()
    assert (row["status"], row["waiting_for"]) == ("parked", ["ok"])
    listed = desk.flowrun("runs", "list").out
    assert "waits for ok" in listed
    shown = desk.flowrun("runs", "show", "r-1").out
    assert "flowrun runs answer r-1 ok --approve" in shown


def test_many_questions_are_answered_one_by_one_by_their_labels(tmp_path):
    desk = Desk(
        tmp_path,
        """
        version: 1
        name: many
        steps:
          each:
            foreach: [a, b, c]
            ask: {message: "May {{ item }}?"}
        outputs:
          by: "{{ steps.each.output | map(attribute='by') | join(' ') }}"
        """,
    )
    waiting = desk.execute()
    assert waiting.code == 5
    unclear = desk.answer("each", "--approve")
    assert unclear.code == 64
    assert "`each` asks several questions: `each[0]`, `each[1]`, `each[2]`" in unclear.err
    for index, name in enumerate(("ann", "bob", "cid")):
        ended = desk.answer(f"each[{index}]", "--approve", "--as", name)
        assert ended.code == (0 if index == 2 else 5), ended.err
    assert ended.out == "ann bob cid\n"


CALLS = call(("look_up", {}), ("refund", {"amount": 40}))


@pytest.mark.parametrize(
    ("decision", "told", "ledger"),
    [
        (("--approve",), "done", ["looked up", "refund 40"]),
        (
            ("--reject", "--comment", "not today"),
            "Error: a person refused this call: not today",
            ["looked up"],
        ),
    ],
)
def test_a_tool_of_a_model_waits_for_approval_and_the_model_is_told(
    tmp_path, decision, told, ledger
):
    with serve(CALLS, say("Settled.")) as server:
        desk = Desk(tmp_path, REFUND, settings=endpoint_settings(server.base_url))
        waiting = desk.execute()
        assert waiting.code == 5, waiting.err
        assert "[refund {" in waiting.err
        assert desk.ledger == ["looked up"]
        done = desk.answer("desk", *decision, "--as", "ann")
        [outputs] = [tool_outputs(one) for one in server.requests[1:]]
    assert (done.code, done.out) == (0, "Settled.\n"), done.err
    assert desk.ledger == ledger
    assert [one.strip() for one in outputs] == ["paid 40", told]
    calls = desk.project.show("r-1")["steps"]["desk"]["tool_calls"]
    assert [one["tool"] for one in calls] == ["look_up", "refund"]


def test_nothing_is_asked_without_a_terminal_even_when_that_is_wished(tmp_path):
    desk = Desk(tmp_path, MAY_I)
    assert desk.execute().code == 5
    resumed = desk.flowrun("runs", "resume", "r-1")
    assert (resumed.code, resumed.out) == (5, "")
