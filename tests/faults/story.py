"""What a run's journal tells, without what may differ from one telling to the next.

Times, tokens and ids differ, and the order of what happened side by side. What was reported as
unknown tells only that, and so does whatever it is held against.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence

_LEFT_OUT = frozenset(
    {
        *("duration_s", "usage", "cost_usd", "thread_id", "run_id", "id", "call_id", "call_ids"),
        *("retry_at", "expires_at", "entry", "question", "error"),
    }
)
"""Fields that differ; an error's sentence may name an id or a time, its code tells enough."""
_OF_LIVES = frozenset({"flow_run_resumed", "flow_run_parked"})
_OF_WHAT = re.compile(r"[\[#~][^/]*$")
"""What a label has after the step's name: item, iteration, try."""
_OF_RUNS = frozenset({"assistant_run_started", "tool_outputs_submitted"})
"""A run is put aside, and another one goes on, when a person is asked about one of its calls."""


def unknowns(events: Sequence[dict]) -> set[tuple[str, str]]:
    """Return step and tool of every call that was reported as unknown; no tool for a tool step."""
    found = set()
    for event in events:
        if event["type"] == "tool_call_finished" and event["error"] == "outcome_unknown":
            found.add((event["step"], event["tool"]))
        if event["type"] == "step_finished" and event["error_code"] == "outcome_unknown":
            found |= {(event["step"], ""), (_OF_WHAT.sub("", event["step"]), "")}
        if _asks_what_happened(event):
            found.add((event["step"], event["tool"]))
    return found


def unknown_orders(events: Sequence[dict], undisturbed: Sequence[dict]) -> set[int]:
    """Return the orders of the calls that were reported as unknown, one by one.

    Args:
        events: Of the run.
        undisturbed: Of the same flow: which order a step that is a tool is about.
    """
    asked_for = {
        call["id"]: json.loads(call["arguments"])["order"]
        for event in events
        if event["type"] == "tool_calls_requested"
        for call in event["calls"]
    }
    of_step = {
        event["step"]: event["output"]["order"]
        for event in undisturbed
        if event["type"] == "step_finished"
        and isinstance(event["output"], dict)
        and "order" in event["output"]
    }
    found = set()
    for event in events:
        if _asks_what_happened(event):
            found.add(event["arguments"]["order"])
        elif event["type"] == "tool_call_finished" and event["error"] == "outcome_unknown":
            found |= {asked_for[event["call_id"]]} if event["call_id"] in asked_for else set()
        elif event["type"] == "step_finished" and event["error_code"] == "outcome_unknown":
            found |= {of_step[event["step"]]} if event["step"] in of_step else set()
    return found


def count_unknown(events: Sequence[dict]) -> int:
    """Return how many calls were reported as unknown."""
    calls = {(step, tool) for step, tool in unknowns(events) if tool}
    in_calls = {step for step, _ in calls}
    steps = {
        event["step"]
        for event in events
        if event["type"] == "step_finished" and event["error_code"] == "outcome_unknown"
    }
    return len(calls) + len(steps - in_calls)


def story(events: Sequence[dict], unknown: set[tuple[str, str]]) -> Counter[str]:
    """Return what happened; two runs of one flow tell the same story.

    Args:
        events: Of the run.
        unknown: See `unknowns`; of the one run, also for the story of the other one.
    """
    asked = {event["question"] for event in events if _asks_what_happened(event)}
    in_rounds = {event["step"] for event in events if event["type"] == "tool_calls_requested"}
    hidden = {step for step, _ in unknown}
    return Counter(
        json.dumps(_plain(event, unknown), sort_keys=True)
        for event in events
        if event["type"] not in _OF_LIVES
        and event.get("question") not in asked
        and not (event["type"] in _OF_RUNS and event["step"] in hidden)
        and not _is_unknown_call(event, unknown, in_rounds)
    )


def endings(events: Sequence[dict], unknown: set[tuple[str, str]]) -> Counter[str]:
    """Return how the steps and the run ended, whatever it took."""
    ended = [one for one in events if one["type"] in ("step_finished", "flow_run_finished")]
    return story(ended, unknown)


def difference(one: Counter[str], other: Counter[str]) -> str:
    """Return the first thing that only one of two stories tells."""
    more, less = one - other, other - one
    said = [f"+ {text}" for text in sorted(more)] + [f"- {text}" for text in sorted(less)]
    return "; ".join(said[:4])


def _asks_what_happened(event: dict) -> bool:
    return event["type"] == "question_asked" and event["kind"] == "unknown"


def _is_unknown_call(event: dict, unknown: set[tuple[str, str]], in_rounds: set[str]) -> bool:
    """A step that is a tool tells of its call only when a probe or a person was asked about it."""
    return event["type"] == "tool_call_finished" and (
        (event["step"], event["tool"]) in unknown or event["step"] not in in_rounds
    )


def _plain(event: dict, unknown: set[tuple[str, str]]) -> dict:
    step = event.get("step", "")
    if event["type"] == "step_finished" and (step, "") in unknown:
        return {"type": event["type"], "step": step}
    plain = {name: one for name, one in event.items() if one and name not in _LEFT_OUT}
    if "calls" in plain:
        plain["calls"] = [[one["tool"], one["arguments"]] for one in plain["calls"]]
    if "tool_calls" in plain:
        plain["tool_calls"] = [_call(one, step, unknown) for one in plain["tool_calls"]]
    return plain


def _call(call: dict, step: str, unknown: set[tuple[str, str]]) -> list:
    said = "unknown" if (step, call["name"]) in unknown else [call["output"], call["error"]]
    return [call["name"], call["arguments"], said]
