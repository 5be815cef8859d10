"""`kill -9` inside of loops, sub-flows and delays, then `runs resume`: nothing twice, nothing lost.

What stands in the ledger was done by tools, outside of everything flowrun keeps.
"""

import random
from collections import Counter

import pytest

from tests.support.endpoint import call, say, serve
from tests.support.scenario import endpoint_settings, tool_outputs
from tests.support.scenario_control import Control, failure

PAYMENTS = '''
"""Tools whose effect must not happen twice; each writes down under which key it did it."""

import asyncio
import json
import os
from pathlib import Path

BOOKS = Path("ledger.txt")


def _write(line: str) -> None:
    file = os.open(BOOKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, f"{line}\\n".encode())
    os.close(file)


async def pay(number: int) -> int:
    """Pay, whoever asks and however often."""
    _write(f"pay {number}")
    await asyncio.sleep(0.02)
    return number


async def book(number: int, idempotency_key: str) -> int:
    """Book under a key, once; return how many bookings there are."""
    lines = BOOKS.read_text("utf-8").splitlines() if BOOKS.exists() else []
    if f"book {idempotency_key}" not in lines:
        _write(f"book {idempotency_key}")
    await asyncio.sleep(0.01)
    return number


async def step_on(before: int, idempotency_key: str) -> int:
    """Go one further than before, once for each key."""
    await book(before, idempotency_key)
    return before + 1
'''
ITEMS = """
    inputs: {numbers: {type: array, items: {type: integer}}}
    tools:
      pay: {python: "payments:pay", on_unknown: fail}
      book: {python: "payments:book", effect: keyed}
    steps:
      paid:
        foreach: inputs.numbers
        tool: pay
        with: {number: "{{ item }}"}
        on_error: continue
      booked:
        foreach: inputs.numbers
        tool: book
        with: {number: "{{ item }}"}
    outputs:
      booked: "{{ steps.booked.output }}"
    """
NUMBERS = list(range(100))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hundred_items_are_killed_four_times_and_none_is_doubled_or_lost(tmp_path, seed):
    control = Control(tmp_path, ITEMS, {"payments.py": PAYMENTS})
    instants = random.Random(seed).sample(range(1, 40), 4)
    command = ("execute", "flow.yaml", "--run-id", "r-1", "-i", f"numbers={NUMBERS}")
    for instant in instants:
        with control.project.start(*command, "--format", "jsonl") as running:
            running.wait_for_events("step_finished", instant)
            running.kill()
        command = ("runs", "resume", "r-1")
    resumed = control.resume()
    assert resumed.code == 0, resumed.err
    assert resumed.result["outputs"] == {"booked": NUMBERS}
    paid = resumed.result["steps"]["paid"]
    unknown = {one["index"] for one in paid["errors"]}
    assert {one["code"] for one in paid["errors"]} <= {"outcome_unknown"}
    assert len(unknown) <= 10 * len(instants)
    assert paid["output"] == [None if one in unknown else one for one in NUMBERS]
    times = Counter(line for line in control.ledger if line.startswith("pay "))
    assert set(times.values()) == {1}
    assert {f"pay {one}" for one in NUMBERS if one not in unknown} <= set(times)
    bookings = [line for line in control.ledger if line.startswith("book ")]
    assert len(bookings) == len(set(bookings)) == len(NUMBERS)


LOOP = """
    tools:
      step_on: {python: "payments:step_on", effect: keyed}
    steps:
      walk:
        tool: step_on
        with: {before: "{{ steps.walk.output or 0 }}"}
        repeat: {until: steps.walk.output >= 20, max: 30}
    outputs: {walked: "{{ steps.walk.output }}"}
    """


@pytest.mark.parametrize("event", ["step_started", "step_finished"])
def test_iterations_are_killed_and_each_counts_once(tmp_path, event):
    control = Control(tmp_path, LOOP, {"payments.py": PAYMENTS})
    command = ("execute", "flow.yaml", "--run-id", "r-1")
    for number in (3, 4, 11, 19):
        with control.project.start(*command, "--format", "jsonl") as running:
            running.wait_for_event(event, step=f"walk#{number}")
            running.kill()
        command = ("runs", "resume", "r-1")
    resumed = control.resume()
    assert resumed.code == 0, resumed.err
    assert resumed.result["outputs"] == {"walked": 20}
    assert len(control.ledger) == len(set(control.ledger)) == 20


HOLD = """hold:
        script: |
          echo "hold $FLOWRUN_IDEMPOTENCY_KEY" >> ledger.txt
          echo here > gate.in
          read -r _ < gate.out || true
          echo "held $FLOWRUN_IDEMPOTENCY_KEY" >> ledger.txt
          echo held
        """
NESTED = """
    tools:
      HOLDeffect: repeatable
      note: {python: "errands:note"}
    inputs: {who: {type: string}}
    steps:
      first: {tool: note, with: {what: "first {{ inputs.who }}"}}
      second: {tool: hold, needs: [first]}
      third: {tool: note, with: {what: "third {{ inputs.who }}"}, needs: [second]}
    outputs: {third: "{{ steps.third.output }}"}
    """.replace("HOLD", HOLD)


def test_a_sub_flow_goes_on_where_it_was(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          before: {tool: note, with: {what: before}}
          inner: {flow: inner.flow.yaml, with: {who: Ada}, needs: [before]}
        outputs: {inner: "{{ steps.inner.output.third }}"}
        """,
        {"inner.flow.yaml": NESTED},
    )
    gate = control.gate()
    with control.start() as running:
        gate.wait()
        running.kill()
    with control.project.start("runs", "resume", "r-1", "--format", "json") as resuming:
        gate.wait()
        gate.open()
        resumed = resuming.finish()
    assert resumed.code == 0, resumed.err
    assert resumed.result["outputs"] == {"inner": "THIRD ADA"}
    notes = [one for one in control.ledger if not one.startswith(("hold ", "held "))]
    assert notes == ["before", "first Ada", "third Ada"]


def test_a_delay_before_a_try_is_not_begun_again(tmp_path):
    control = Control(
        tmp_path,
        """
        steps:
          shaky: {tool: flaky, with: {good_at: 2}, retry: {attempts: 3, delay: 4s}}
        outputs: {said: "{{ steps.shaky.output }}"}
        """,
    )
    with control.start() as running:
        due = running.wait_for_event("step_retrying")["retry_at"]
        assert control.wait_until("parked")["wake_at"] == pytest.approx(due, abs=0.1)
        running.kill()
    with control.project.start("runs", "resume", "r-1", "--format", "jsonl") as resuming:
        resumed = resuming.finish()
    assert resumed.code == 0, resumed.err
    assert resumed.events[-1]["outputs"] == {"said": "good at 2"}
    assert resumed.of_type("step_retrying") == []
    [again] = [one for one in resumed.of_type("step_finished") if one["step"] == "shaky~2"]
    assert due <= again["at"] < due + 3
    assert control.ledger == ["flaky", "flaky"]


ONE_CALL = """
    tools:
      HOLDEFFECT
      look: {python: "looks:look", effect: repeatable}
    steps:
      held: {tool: hold, on_error: continue}
      told: {set: {it: "{{ steps.held.output }}", error: "{{ steps.held.error }}"}}
    outputs: {it: "{{ steps.told.output.it }}", error: "{{ steps.told.output.error }}"}
    """.replace("HOLD", HOLD)
LOOK = '''
def look() -> dict[str, object]:
    """Tell whether it happened."""
    ANSWER
'''


def held(tmp_path, effect, answer="return {}"):
    """Return a project whose run died while `hold` was at work, and its gate."""
    control = Control(
        tmp_path,
        ONE_CALL.replace("EFFECT", effect),
        {"looks.py": LOOK.replace("ANSWER", answer)},
    )
    gate = control.gate()
    with control.start() as running:
        gate.wait()
        running.kill()
    assert len(control.ledger) == 1
    return control, gate


def test_a_keyed_call_runs_again_under_its_key(tmp_path):
    control, gate = held(tmp_path, "effect: keyed")
    with control.project.start("runs", "resume", "r-1", "--format", "json") as resuming:
        gate.wait()
        gate.open()
        resumed = resuming.finish()
    assert resumed.code == 0, resumed.err
    assert resumed.result["steps"]["held"]["status"] == "completed"
    kinds, keys = zip(*(line.split(maxsplit=1) for line in control.ledger), strict=True)
    assert kinds == ("hold", "hold", "held")
    assert len(set(keys)) == 1


def test_a_probe_finds_that_it_happened(tmp_path):
    found = 'return {"done": True, "output": {"stdout": "found", "exit_code": 0}}'
    control, _ = held(tmp_path, "effect: probe\n        probe: look", found)
    resumed = control.resume()
    assert resumed.code == 0, resumed.err
    assert resumed.result["outputs"]["it"]["stdout"] == "found"
    assert len(control.ledger) == 1


def test_a_probe_finds_that_it_did_not_happen(tmp_path):
    control, gate = held(
        tmp_path, "effect: probe\n        probe: look", 'return {"done": False, "output": None}'
    )
    with control.project.start("runs", "resume", "r-1", "--format", "json") as resuming:
        gate.wait()
        gate.open()
        resumed = resuming.finish()
    assert resumed.code == 0, resumed.err
    assert [line.split()[0] for line in control.ledger] == ["hold", "hold", "held"]


def test_a_probe_that_fails_leaves_the_question_to_a_person(tmp_path):
    control, _ = held(
        tmp_path, "effect: probe\n        probe: look", 'raise OSError("nobody answers")'
    )
    asked = control.resume()
    assert asked.code == 5, asked.err
    [question] = asked.result["questions"]
    assert (question["kind"], question["tool"]) == ("unknown", "hold")
    done = control.answer("held", "--fail", "--as", "ann")
    assert done.code == 0, done.err
    assert failure(done, "held")[0] == "outcome_unknown"
    assert len(control.ledger) == 1


@pytest.mark.parametrize("follows", ["fail", "tell_model"])
def test_a_step_whose_outcome_is_unknown_fails_without_asking(tmp_path, follows):
    control, _ = held(tmp_path, f"on_unknown: {follows}")
    resumed = control.resume()
    assert resumed.code == 0, resumed.err
    assert failure(resumed, "held")[0] == "outcome_unknown"
    assert "`hold`" in resumed.result["outputs"]["error"]
    assert len(control.ledger) == 1


def test_a_model_is_told_that_nobody_knows(tmp_path):
    flow = """
        tools:
          HOLDdescription: Hold
            on_unknown: tell_model
        assistants: {guide: {model: m, tools: [hold]}}
        steps: {talk: {assistant: guide, message: Hold it}}
        outputs: {said: "{{ steps.talk.output }}"}
        """.replace("HOLD", HOLD.replace("\n", "\n    "))
    with serve(call(("hold", {})), say("I shall look.")) as server:
        control = Control(tmp_path, flow, {"flowrun.yaml": endpoint_settings(server.base_url)})
        gate = control.gate()
        with control.start() as running:
            gate.wait()
            running.kill()
        resumed = control.resume()
        [told] = tool_outputs(server.requests[-1])
    assert resumed.code == 0, resumed.err
    assert resumed.result["outputs"] == {"said": "I shall look."}
    assert told.startswith("Error: ")
    assert "cannot be known" in told
    assert len(control.ledger) == 1
