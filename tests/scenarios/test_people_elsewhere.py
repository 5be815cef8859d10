"""Answers that come while some process has the run, or the store, in its hands."""

import json

from tests.support.scenario_people import STAY, Desk

BESIDE = """
version: 1
name: beside
tools:
  hold:
    script: |
      echo here > gate.in
      read -r _ < gate.out || true
steps:
  held: {tool: hold}
  ok: {ask: {message: May I?}}
outputs:
  by: "{{ steps.ok.output.by }}"
"""
"""Asks while a tool is still at work, so the process that executes it stays."""


def test_an_answer_reaches_the_process_that_executes_the_run(tmp_path):
    desk = Desk(tmp_path, BESIDE)
    gate = desk.gate("gate")
    with desk.start("--format", "json") as running:
        gate.wait()
        running.wait_for_line("asks: May I?", stream="err")
        answered = desk.answer("ok", "--approve", "--as", "ann")
        second = desk.answer("ok", "--reject", "--as", "bob")
        running.wait_for_line("approved by ann", stream="err")
        gate.open()
        done = running.finish()
    assert (answered.code, second.code, done.code) == (0, 7, 0), answered.err + done.err
    assert answered.err == (
        f"answer to `ok` recorded; the run goes on in `flowrun execute` (process {running.pid})\n"
    )
    assert done.result["outputs"] == {"by": "ann"}


def test_an_answer_to_a_run_that_nobody_has_waits_while_the_store_is_in_use(tmp_path):
    desk = Desk(tmp_path, BESIDE)
    gate = desk.gate("gate")
    desk.project.write({"stay.yaml": STAY})
    assert desk.flowrun("execute", "stay.yaml", "--run-id", "s-1").code == 5
    with desk.start():
        gate.wait()
        left = desk.answer("stay", "--value", "nights=2", run_id="s-1")
        assert desk.project.show("s-1")["status"] == "parked"
    assert left.code == 0
    assert left.err.startswith(
        "answer to `stay` recorded; the store is in use by `flowrun execute`"
    )
    assert left.err.endswith("; after that, `flowrun runs resume s-1` goes on\n")
    resumed = desk.flowrun("runs", "resume", "s-1")
    assert resumed.code == 0, resumed.err
    assert json.loads(resumed.out) == {"nights": 2, "breakfast": True}


def test_a_terminal_is_asked_in_place_of_stopping(tmp_path):
    desk = Desk(tmp_path)
    with desk.on_terminal() as screen:
        screen.wait_for("`ok` asks: May I go on after completed?")
        screen.wait_for("approve or reject? ")
        screen.type(b"what\n")
        screen.type(b"yes\n")
        code, text = screen.finish()
    assert code == 0, text
    assert text.count("approve or reject? ") == 2
    assert desk.ledger[0] == "first"
    assert len(desk.ledger) == 2
    assert "runs answer" not in text


def test_a_form_is_filled_in_on_a_terminal(tmp_path):
    desk = Desk(tmp_path, STAY)
    with desk.on_terminal("--plain") as screen:
        screen.wait_for("nights (integer): ")
        screen.type(b"0\n")
        screen.wait_for("field `nights`: expected at least `1`, found `0`")
        screen.type(b"4\n")
        screen.wait_for("breakfast (boolean, default true): ")
        screen.type(b"\n")
        code, text = screen.finish()
    assert code == 0, text
    assert desk.project.show("r-1")["outputs"] == {"stay": {"nights": 4, "breakfast": True}}


def test_a_question_that_is_left_open_on_a_terminal_stops_the_run_with_the_commands(tmp_path):
    desk = Desk(tmp_path)
    with desk.on_terminal() as screen:
        screen.wait_for("approve or reject? ")
        screen.type(b"\x04")
        code, text = screen.finish()
    assert code == 5, text
    assert "flowrun runs answer r-1 ok --approve" in text
    assert desk.answer("ok", "--approve").code == 0


def test_an_interrupt_at_a_question_stops_the_run(tmp_path):
    desk = Desk(tmp_path)
    with desk.on_terminal() as screen:
        screen.wait_for("approve or reject? ")
        screen.type(b"\x03")
        code, text = screen.finish()
    assert code == 130, text
    assert "Traceback" not in text
    assert desk.answer("ok", "--approve").code == 0


def test_nobody_is_asked_who_does_not_want_to_be(tmp_path):
    desk = Desk(tmp_path)
    with desk.on_terminal("--no-ask") as screen:
        code, text = screen.finish()
    assert code == 5
    assert "approve or reject?" not in text
    assert "flowrun runs answer r-1 ok --approve" in text


def test_an_answer_from_elsewhere_takes_the_question_off_the_terminal(tmp_path):
    desk = Desk(tmp_path)
    with desk.on_terminal() as screen:
        screen.wait_for("approve or reject? ")
        answered = desk.answer("ok", "--approve", "--as", "ann")
        code, text = screen.finish()
    assert (answered.code, code) == (0, 0), answered.err + text
    assert "the run goes on in `flowrun execute`" in answered.err
    assert desk.ledger == ["first", "last, said ann"]


def test_a_question_is_answered_on_a_terminal_by_its_name_alone(tmp_path):
    desk = Desk(tmp_path)
    desk.execute()
    with desk.project.on_terminal("runs", "answer", "r-1", "ok") as screen:
        screen.wait_for("approve or reject? ")
        screen.type(b"n\n")
        screen.wait_for("comment (may be empty): ")
        screen.type(b"not now\n")
        code, text = screen.finish()
    assert code == 5, text
    assert "not now" in desk.project.show("r-1")["steps"]["ok"]["error"]["message"]


def test_a_question_is_left_open_on_a_terminal_though_its_answer_was_to_be_given(tmp_path):
    desk = Desk(tmp_path)
    desk.execute()
    with desk.project.on_terminal("runs", "answer", "r-1", "ok") as screen:
        screen.wait_for("approve or reject? ")
        screen.type(b"\x04")
        code, text = screen.finish()
    assert code == 5, text
    assert desk.project.show("r-1")["waiting_for"] == ["ok"]
