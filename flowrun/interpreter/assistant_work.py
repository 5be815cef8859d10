"""One assistant step at work: who takes part, and what has come of it so far."""

from dataclasses import dataclass, field

from flowrun.errors import FlowrunError
from flowrun.events.records import ToolCallFinished
from flowrun.ids import JsonValue
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.budget import Spending
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.trace import Trace
from flowrun.plan.plan import PlannedAssistant
from flowrun.ports.runtime import AnsweredRound


class StepFailed(FlowrunError):
    """The step cannot go on; becomes its result and goes no further."""

    def __init__(
        self, code: str, message: str, hint: str | None = None, output: JsonValue = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.output = output
        """What there is all the same."""


@dataclass(frozen=True, slots=True)
class EarlierCall:
    """A call of a run that was lost or of a try that failed, for an equal one that follows."""

    path: str
    """What its idempotency key was derived from."""
    ended: ToolCallFinished | None
    """How it ended, where that is to be given to the equal call; None where that one is made."""
    is_in_doubt: bool = False
    """It was begun and how it ended is not known: to be found out before the equal one is made."""


@dataclass(slots=True, kw_only=True)
class AssistantWork:
    """What the functions of an assistant step hand each other."""

    attempt: Attempt
    state: FlowState
    assistant: PlannedAssistant
    """With the step's own options applied."""
    trace: Trace
    round: int = 0
    """The latest round that was taken in."""
    run_key: str = ""
    """What the beginning of the run at hand is recorded under."""
    rounds: list[AnsweredRound] = field(default_factory=list)
    """Those since the latest message, all answered: what a run that follows begins with."""
    told: int = 0
    """How many of them the thread was told in a message, as a run could not begin with them."""
    earlier: dict[tuple[str, str], list[EarlierCall]] = field(default_factory=dict)
    """By tool and canonical arguments: equal calls are given these first, each once."""

    def hold_open(self, run_id: str) -> None:
        """Take note that a run of this attempt is open at the runtime."""
        self.state.open_runs[self.attempt.scope.path("")] = (self.trace.thread_id, run_id)

    def let_go(self) -> str | None:
        """Take note that none is any more; return the run that was."""
        found = self.state.open_runs.pop(self.attempt.scope.path(""), None)
        return None if found is None else found[1]


def begin_work(attempt: Attempt, state: FlowState, assistant: PlannedAssistant) -> AssistantWork:
    """Return the work of an attempt that has not asked anything yet, its trace open to others."""
    scope = attempt.scope
    spent = Spending(parent=state.spending)
    trace = Trace(
        label=attempt.label, began=scope.since("started"), spent=spent, prices=assistant.prices
    )
    state.traces[scope.path("")] = trace
    return AssistantWork(attempt=attempt, state=state, assistant=assistant, trace=trace)
