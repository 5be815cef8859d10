"""How a run is shown, and what it exits with."""

import asyncio
import io
import json
import os
import signal
import sys

import pytest

from flowrun.app.follow import RunOutcome, RunStart
from flowrun.cli.audience import carry_out
from flowrun.cli.streams import OutputLost, silence
from flowrun.events.records import FlowRunFinished, FlowRunParked, FlowRunStarted
from flowrun.events.stamped import StampedEvent
from flowrun.ports.engine import FlowRunHead
from tests.support.plans import trip_report
from tests.support.terminal import Terminal

PLAN = trip_report()
STARTED = StampedEvent(FlowRunStarted(flow="trip", plan_digest="d" * 64, inputs={}), 1, 1.0)


def finished(status="completed", code=None):
    event = FlowRunFinished(
        status=status, outputs={"said": "hello\x1b[2J"}, error=None, error_code=code, duration_s=1.0
    )
    return StampedEvent(event, 2, 2.0)


def outcome(status, last):
    head = FlowRunHead(
        run_id="trip-1",
        flow="trip",
        status=status,
        plan_digest="d" * 64,
        started_at=1.0,
        finished_at=2.0,
        alive=False,
    )
    return RunOutcome(head=head, plan=PLAN, events=(STARTED, last))


def carry(form="text", *, status="completed", last=None, notice=None, live=False, quiet=False):
    """Show a run that is told, and return the exit code."""
    last = last or finished()

    async def told(occasion):
        occasion.audience.begin(RunStart(run_id="trip-1", plan=PLAN, notice=notice))
        print("a tool says this")
        for event in (STARTED, last):
            occasion.audience.see(event)
        return outcome(status, last)

    return asyncio.run(carry_out(told, form=form, live=live, quiet=quiet))


def test_text_is_the_outputs(capsys):
    assert carry() == 0
    out, err = capsys.readouterr()
    assert out == "hello\x1b[2J\n"
    assert "run trip-1" in err
    assert "a tool says this" in err


def test_a_terminal_is_spared_control_characters(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    carry(quiet=True)
    assert terminal.getvalue() == "hello\\x1b[2J\n"


def test_json_is_one_object(capsys):
    carry("json")
    assert json.loads(capsys.readouterr().out)["status"] == "completed"


def test_jsonl_is_the_events_alone(capsys):
    carry("jsonl")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["type"] for one in lines] == ["flow_run_started", "flow_run_finished"]


def test_quiet_keeps_the_notice(capsys):
    carry(quiet=True, notice="the model is scripted")
    assert capsys.readouterr().err == "the model is scripted\na tool says this\n"


@pytest.mark.parametrize(
    ("status", "error_code", "code"),
    [
        ("completed", None, 0),
        ("failed", "denied", 4),
        ("failed", "budget", 5),
        ("failed", "step_failed", 1),
        ("failed", None, 1),
        ("cancelled", None, 1),
    ],
)
def test_how_a_run_ends_is_the_exit_code(capsys, status, error_code, code):
    assert carry(status=status, last=finished(status, error_code)) == code


def test_a_parked_run_is_interrupted(capsys):
    parked = StampedEvent(FlowRunParked(reason="interrupted"), 2, 2.0)
    assert carry(status="parked", last=parked) == 130


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_asks_for_the_run_to_be_parked(capsys, number, code):
    parked = StampedEvent(FlowRunParked(reason="interrupted"), 2, 2.0)

    async def waiting(occasion):
        occasion.audience.begin(RunStart(run_id="trip-1", plan=PLAN, notice=None))
        os.kill(os.getpid(), number)
        await occasion.stop.wait()
        return outcome("parked", parked)

    assert asyncio.run(carry_out(waiting, form="text", live=False, quiet=True)) == code


def test_a_second_interrupt_ends_at_once(capsys):
    async def stubborn(occasion):
        os.kill(os.getpid(), signal.SIGINT)
        await occasion.stop.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(carry_out(stubborn, form="text", live=False, quiet=True))


def until_told_to_stop(status="parked"):
    """Return a run that goes on until its audience has had enough."""
    parked = StampedEvent(FlowRunParked(reason="interrupted"), 2, 2.0)

    async def told(occasion):
        occasion.audience.begin(RunStart(run_id="trip-1", plan=PLAN, notice=None))
        occasion.audience.see(STARTED)
        occasion.audience.see(STARTED)
        await occasion.stop.wait()
        occasion.audience.see(parked)
        return outcome(status, parked)

    return told


def test_a_reader_of_events_who_leaves_has_the_run_parked(monkeypatch, capsys):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", stream)
        code = asyncio.run(carry_out(until_told_to_stop(), form="jsonl", live=False, quiet=False))
        monkeypatch.undo()
    assert code == 130
    assert "flowrun runs resume trip-1" in capsys.readouterr().err


def test_a_full_disk_has_the_run_parked_and_is_said(monkeypatch):
    with open("/dev/full", "w", encoding="utf-8") as stream:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(OutputLost, match="no space left on device"):
            asyncio.run(carry_out(until_told_to_stop(), form="jsonl", live=False, quiet=True))
        monkeypatch.undo()


def test_a_reader_of_outputs_who_leaves_changes_nothing(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", stream)
        assert carry("json", status="failed", last=finished("failed"), quiet=True) == 1
        monkeypatch.undo()


def test_a_narrative_that_nobody_reads_is_dropped(monkeypatch, capsys):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8", buffering=1) as stream:  # noqa: PTH123
        monkeypatch.setattr(sys, "stderr", stream)

        async def told(occasion):
            occasion.audience.begin(RunStart(run_id="trip-1", plan=PLAN, notice="scripted"))
            occasion.audience.see(STARTED)
            occasion.audience.see(finished())
            return outcome("completed", finished())

        assert asyncio.run(carry_out(told, form="text", live=False, quiet=False)) == 0
        monkeypatch.undo()
        silence(stream)
    assert capsys.readouterr().out == "hello\x1b[2J\n"


@pytest.mark.parametrize(("term", "is_live"), [("xterm", True), ("dumb", False)])
def test_a_terminal_gets_a_table_unless_it_is_a_simple_one(monkeypatch, term, is_live):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", "80")
    carry(live=True)
    assert ("\x1b[?25l" in terminal.getvalue()) is is_live
    assert "forecast" in terminal.getvalue() or not is_live
