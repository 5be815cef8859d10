"""Whoever watches a run: what is told, and what is kept from somebody who is about to answer."""

import asyncio
import os
import pty
import sys
from contextlib import ExitStack

import pytest

from flowrun.app.follow import RunStart
from flowrun.cli.watching import TerminalAudience
from flowrun.events.records import FlowRunFinished, FlowRunParked, FlowRunResumed
from flowrun.events.stamped import StampedEvent
from tests.support.plans import trip_report
from tests.support.run_story import stay

WAITS = FlowRunParked(reason="waiting for an answer to `stay`", questions=("steps/stay/answer",))


def told(capsys, *events, asks=True, conclude=True):
    """Return what is said of the events."""
    with ExitStack() as stack:
        audience = TerminalAudience("text", live=False, quiet=False, asks=asks, stack=stack)
        audience.begin(RunStart(run_id="r-1", plan=trip_report(), notice=None))
        for number, event in enumerate((stay(), *events), 1):
            audience.see(StampedEvent(event, number, float(number)))
        if conclude:
            audience.conclude()
    return capsys.readouterr().err


def test_who_cannot_answer_is_told_that_the_run_waits(capsys):
    assert "parked: waiting for an answer" in told(capsys, WAITS, asks=False, conclude=False)


def test_who_is_about_to_answer_is_told_only_when_it_comes_to_nothing(capsys):
    assert "parked" not in told(capsys, WAITS, conclude=False)
    assert "  flowrun runs answer r-1 stay --reject\n" in told(capsys, WAITS)


@pytest.mark.parametrize(
    "after", [FlowRunResumed(entry=2), FlowRunFinished(status="cancelled", duration_s=1.0)]
)
def test_what_was_answered_is_not_told_as_open(capsys, after):
    said = told(capsys, WAITS, after)
    assert "parked" not in said
    assert "resumed" not in said


def test_an_instant_is_told_to_everybody(capsys):
    parked = FlowRunParked(reason="waiting until noon", wake_at=9.0)
    assert "waiting until noon" in told(capsys, parked, conclude=False)


def test_a_person_is_asked_and_named_and_what_was_typed_before_is_no_answer(capsys, monkeypatch):
    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"7\n\n")
    monkeypatch.setenv("LOGNAME", "ann")
    with open(terminal, encoding="utf-8") as stdin, ExitStack() as stack:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", stdin)
        audience = TerminalAudience("text", live=False, quiet=True, asks=True, stack=stack)

        async def ask():
            asking = asyncio.create_task(audience.ask(stay()))
            await asyncio.sleep(0)
            os.write(keyboard, b"2\n\n")
            return await asking

        reply = asyncio.run(ask())
        audience.refused(stay(), RuntimeError("somebody was first\x1b"))
    os.close(keyboard)
    assert (reply.sender, reply.value["value"]) == ("ann", {"nights": 2, "breakfast": True})
    assert "somebody was first\\x1b\n" in capsys.readouterr().err
