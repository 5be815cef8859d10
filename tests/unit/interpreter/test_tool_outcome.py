"""Outcomes in words: told to models, told to people, read back from records and probes."""

import pytest

from flowrun.events.records import QuestionAnswered, ToolCallFinished
from flowrun.interpreter.tool_outcome import (
    adopted,
    may_pass,
    outcome_of,
    path_without_tries,
    pause_after,
    read_probe,
    refused_outcome,
    tell_rounds,
    told_to_model,
)
from flowrun.plan.plan import PlannedRetry
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import AnsweredRound
from flowrun.ports.tools import ToolFailed, ToolSucceeded


def test_a_model_is_told_the_text_or_the_failure():
    assert told_to_model(ToolSucceeded(value={"n": 1}, text="one")) == "one"
    assert told_to_model(ToolFailed(kind="timeout", message="too late")) == "Error: too late"


@pytest.mark.parametrize(
    "outcome",
    [
        ToolSucceeded(value={"n": [1, None]}, text="one"),
        ToolFailed(kind="exit_code", message="exit code 1", value={"exit_code": 1}),
        ToolFailed(kind="exception", message="Error: twice"),
    ],
)
def test_an_outcome_is_read_back_from_the_end_of_its_call(outcome):
    failed = isinstance(outcome, ToolFailed)
    ended = ToolCallFinished(
        step="a",
        call_id="",
        tool="a",
        status="failed" if failed else "completed",
        output=told_to_model(outcome),
        error=outcome.kind if failed else None,
        duration_s=1.0,
        value=outcome.value,
    )
    assert outcome_of(ended) == outcome


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("too dear", "a person refused this call: too dear"),
        ("", "a person refused this call"),
    ],
)
def test_a_model_is_told_why_a_person_refused(comment, said):
    answered = QuestionAnswered(
        step="a", question="q", decision="rejected", by="Ann", comment=comment
    )
    outcome = refused_outcome(answered)
    assert (outcome.kind, outcome.message) == ("rejected", said)


def test_what_somebody_knows_is_adopted_as_value_and_as_text():
    assert adopted("ok") == ToolSucceeded(value="ok", text="ok")
    assert adopted({"id": 7}) == ToolSucceeded(value={"id": 7}, text='{"id":7}')


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (ToolSucceeded(value={"done": True, "output": "ok"}, text=""), adopted("ok")),
        (ToolSucceeded(value={"done": True}, text=""), adopted(None)),
        (ToolSucceeded(value={"done": False}, text=""), False),
        (
            ToolSucceeded(
                value={"stdout": '{"done": true, "output": 7}', "stderr": "", "exit_code": 0},
                text='{"done": true, "output": 7}',
            ),
            adopted(7),
        ),
        (ToolSucceeded(value={"stdout": "yes"}, text="yes"), None),
        (ToolSucceeded(value={"done": "yes"}, text=""), None),
        (ToolSucceeded(value=True, text="true"), None),
        (ToolSucceeded(value=None, text=""), None),
        (ToolFailed(kind="timeout", message="too late"), None),
    ],
)
def test_a_probe_says_that_it_happened_that_it_did_not_or_nothing(outcome, found):
    assert read_probe(outcome) == found
    assert (read_probe(outcome) is None) == (found is None)


@pytest.mark.parametrize(
    ("kind", "on", "passes"),
    [
        ("exception", (), True),
        ("timeout", (), True),
        ("exit_code", (), True),
        ("cannot_start", (), True),
        ("bad_arguments", (), False),
        ("unknown_tool", (), False),
        ("outcome_unknown", (), False),
        ("cancelled", (), False),
        ("rejected", (), False),
        ("timeout", ("timeout",), True),
        ("timeout", ("tool",), False),
        ("exit_code", ("tool",), True),
    ],
)
def test_only_failures_of_the_tool_itself_may_pass(kind, on, passes):
    retry = PlannedRetry(attempts=3, on=on)
    assert may_pass(ToolFailed(kind=kind, message="no"), retry) is passes
    assert not may_pass(ToolSucceeded(value=1, text="1"), retry)


def test_pauses_grow_up_to_the_longest():
    retry = PlannedRetry(attempts=9, delay_s=2, backoff=3, max_delay_s=20)
    assert [pause_after(retry, failed) for failed in (1, 2, 3, 4)] == [2, 6, 18, 20]


@pytest.mark.parametrize(
    ("path", "key", "without"),
    [
        ("steps/pay/finished", "finished", "steps/pay/finished"),
        ("steps/pay/try[2]/finished", "finished", "steps/pay/finished"),
        (
            "steps/a/each[0:00ff]/loop[3]/try[10]/steps/b/try[1]/finished",
            "finished",
            "steps/a/each[0:00ff]/loop[3]/steps/b/finished",
        ),
        (
            "steps/a/try[1]/round[1]/tool[x/try[2]/y]",
            "round[1]/tool[x/try[2]/y]",
            "steps/a/round[1]/tool[x/try[2]/y]",
        ),
    ],
)
def test_all_tries_of_a_call_have_one_path(path, key, without):
    assert path_without_tries(path, key) == without


def test_a_thread_is_told_of_each_call_with_its_arguments_and_its_output():
    calls = (ToolCall("a", "look", '{"at": 1}'), ToolCall("b", "stop", ""))
    told = tell_rounds([AnsweredRound(calls, ("seen", "stopped"))])
    assert '`look` with {"at": 1}:\nseen' in told
    assert "`stop` with {}:\nstopped" in told
    assert "do not make the same calls again" in told
