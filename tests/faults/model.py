"""The model that the walk's flows talk to: it does what it is told, and keeps a record.

    run=trip-1 step=first rounds=look:11,pay:12;ship:13;

asks for `look` and `pay` in the first round, for `ship` in the second, and then says `done first`.
Which round it is it reads from the conversation alone, so it may be asked as often as anybody
likes; the ids of its calls are new each time, as those of real models are.
"""

import re
import secrets
import threading
from collections import defaultdict
from dataclasses import dataclass

from tests.support.endpoint import Behaviour, call, say
from tests.support.endpoint_wire import Request

_TASK = re.compile(r"run=(\S+) step=(\S+) rounds=(\S*)")


@dataclass(frozen=True)
class Asked:
    """One request, as far as it can be told apart from others."""

    run: str
    step: str
    round: int
    outputs: tuple[tuple[str, ...], ...]
    """What the model was told of the calls of each round before, in order."""


class Model:
    """Answers requests; what it was asked is kept by run."""

    def __init__(self) -> None:
        self.asked: dict[str, list[Asked]] = defaultdict(list)
        self.trouble: dict[tuple[str, str, int], list[Behaviour]] = {}
        """For a run, a step and a round: what is answered first, before it goes well."""
        self._lock = threading.Lock()
        self.reached = threading.Event()
        """Set with the first request after it was cleared."""

    def answer(self, request: Request) -> Behaviour:
        """Return the next turn."""
        conversation = request.body["messages"]
        last = max(at for at, one in enumerate(conversation) if one["role"] == "user")
        run, step, rounds = _TASK.search(_text(conversation[last])).groups()
        since = conversation[last + 1 :]
        outputs = _outputs(since)
        asked = Asked(run, step, len(outputs), outputs)
        with self._lock:
            self.asked[run].append(asked)
            self.reached.set()
            waiting = self.trouble.get((run, step, asked.round))
            if waiting:
                return waiting.pop(0)
        wanted = [one for one in rounds.split(";") if one]
        if asked.round == len(wanted):
            return say(f"done {step}", delay_s=0.002)
        calls = [one.split(":") for one in wanted[asked.round].split(",")]
        return call(
            *[(tool, {"order": int(order)}) for tool, order in calls],
            ids=[f"call_{secrets.token_hex(8)}" for _ in calls],
            delay_s=0.002,
        )


def _outputs(messages) -> tuple[tuple[str, ...], ...]:
    """Return the outputs of every round of calls, each in the order of its calls."""
    said = {one["tool_call_id"]: _text(one) for one in messages if one["role"] == "tool"}
    rounds = [one["tool_calls"] for one in messages if one.get("tool_calls")]
    return tuple(tuple(said[one["id"]] for one in calls) for calls in rounds)


def _text(message) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
