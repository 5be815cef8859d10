"""`runs cancel`: over in less than two seconds, wherever the run is, and nothing of it is left."""

import time
from pathlib import Path

from tests.support.endpoint import say, serve
from tests.support.scenario import TALK, Project, endpoint_settings
from tests.support.scenario_errands import broken_off
from tests.support.scenario_people import MAY_I, Desk

SLEEP = """
version: 1
name: sleep
tools:
  hold:
    script: |
      sleep 300 &
      echo $! > child
      echo here > gate.in
      read -r _ < gate.out || true
  note: {script: echo noted >> ledger.txt}
steps:
  held: {tool: hold}
  noted: {tool: note, needs: [held]}
"""
SOON_S = 2.0


def cancel(project, *arguments, run_id="r-1"):
    """Cancel a run; return what came of it and how long that took, the start of Python apart."""
    idle = time.monotonic()
    project.flowrun("runs", "list")
    began = time.monotonic()
    ended = project.flowrun("runs", "cancel", run_id, *arguments)
    return ended, time.monotonic() - began - (began - idle)


def is_there(pid):
    """Tell whether a process lives; a zombie does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return False


def test_while_a_program_sleeps(tmp_path):
    desk = Desk(tmp_path, SLEEP)
    gate = desk.gate("gate")
    with desk.start("--format", "json") as running:
        gate.wait()
        child = int((desk.project.root / "child").read_text("utf-8"))
        assert is_there(child)
        cancelled, took = cancel(desk.project, "--as", "ann", "--reason", "too late")
        ended = running.finish(5)
    assert (cancelled.code, cancelled.err) == (0, "run r-1 cancelled\n")
    assert took < SOON_S
    assert ended.code == 1
    assert ended.result["status"] == "cancelled"
    assert ended.result["error"]["message"] == "cancelled by ann: too late"
    states = {name: one["status"] for name, one in ended.result["steps"].items()}
    assert states == {"held": "failed", "noted": "skipped"}
    assert not gate.is_held()
    assert not is_there(child)
    assert desk.ledger == []


def test_while_a_model_streams(tmp_path):
    with serve(broken_off("hello there")) as server:
        settings = endpoint_settings(server.base_url)
        project = Project(tmp_path, {"flow.yaml": TALK, "flowrun.yaml": settings})
        with project.start(
            "execute", "flow.yaml", "--run-id", "r-1", "--format", "jsonl"
        ) as running:
            running.wait_for_event("message_delta")
            cancelled, took = cancel(project)
            ended = running.finish(5)
        assert server.left.wait(5), "the connection to the model stays open"
    assert (cancelled.code, ended.code) == (0, 1), cancelled.err + ended.err
    assert took < SOON_S
    kinds = [one["type"] for one in ended.events]
    assert kinds.index("flow_run_cancelling") < kinds.index("flow_run_finished")
    assert ended.events[-1]["status"] == "cancelled"
    assert project.show("r-1")["steps"]["hello"]["error"]["code"] == "cancelled"


def test_while_it_waits_for_a_person(tmp_path):
    desk = Desk(tmp_path, MAY_I)
    assert desk.execute().code == 5
    cancelled, took = cancel(desk.project, "--as", "ann")
    assert (cancelled.code, cancelled.err) == (0, "run r-1 cancelled\n")
    assert took < SOON_S
    shown = desk.project.show("r-1")
    assert (shown["status"], shown["questions"]) == ("cancelled", [])
    late = desk.answer("ok", "--approve")
    assert late.code == 7
    assert desk.ledger == ["first"]


def test_while_it_is_asked_on_a_terminal(tmp_path):
    desk = Desk(tmp_path, MAY_I)
    with desk.on_terminal() as screen:
        screen.wait_for("approve or reject? ")
        cancelled, took = cancel(desk.project)
        code, text = screen.finish()
    assert (cancelled.code, code) == (0, 1), cancelled.err + text
    assert took < SOON_S
    assert "cancelled" in text


def test_after_its_process_died(tmp_path):
    with serve(broken_off("hello there"), say("never asked")) as server:
        settings = endpoint_settings(server.base_url)
        project = Project(tmp_path, {"flow.yaml": TALK, "flowrun.yaml": settings})
        with project.start(
            "execute", "flow.yaml", "--run-id", "r-1", "--format", "jsonl"
        ) as running:
            running.wait_for_event("message_delta")
            running.kill()
        (project.root / "flow.yaml").unlink()
        cancelled, took = cancel(project)
        assert len(server.requests) == 1
    assert cancelled.code == 0, cancelled.err
    assert took < SOON_S
    assert project.show("r-1")["status"] == "cancelled"
    assert project.flowrun("runs", "resume", "r-1").code == 7


def test_orphans_of_a_run_whose_process_died_are_ended(tmp_path):
    escaping = SLEEP.replace("sleep 300 &", "setsid sleep 300 &")
    desk = Desk(tmp_path, escaping)
    gate = desk.gate("gate")
    with desk.start() as running:
        gate.wait()
        child = int((desk.project.root / "child").read_text("utf-8"))
        running.kill()
    assert is_there(child), "the kernel took it along; this shows nothing"
    assert desk.flowrun("runs", "cancel", "r-1").code == 0
    assert not is_there(child)


def test_what_is_over_cannot_be_cancelled(tmp_path):
    desk = Desk(tmp_path, "version: 1\nname: a\nsteps: {a: {set: {x: 1}}}\n")
    assert desk.execute().code == 0
    late = desk.flowrun("runs", "cancel", "r-1")
    assert late.code == 7
    assert late.sentences[0] == "error: run `r-1` is over: completed"
    none = desk.flowrun("runs", "cancel", "r-2")
    assert none.code == 64


def test_a_waiting_run_is_cancelled_while_the_store_is_in_use(tmp_path):
    desk = Desk(tmp_path, MAY_I)
    desk.execute()
    desk.project.write({"sleep.yaml": SLEEP})
    gate = desk.gate("gate")
    with desk.project.start("execute", "sleep.yaml", "--run-id", "s-1") as running:
        gate.wait()
        cancelled, took = cancel(desk.project)
        gate.open()
        assert running.finish().code == 0
    assert cancelled.code == 0, cancelled.err
    assert took < SOON_S
    assert desk.project.show("r-1")["status"] == "cancelled"
