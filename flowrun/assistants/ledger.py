"""Apply what happened to live threads and runs, and queue the rows that say so.

Every function here is one step in memory and in the store at once, without waiting in between, so
that no other task ever sees half of it. Where a run may go is asked of the table in `states`.
"""

from collections.abc import Sequence
from dataclasses import replace

from flowrun.assistants.drafts import CallsDraft, MessageDraft
from flowrun.assistants.live import LiveRun, LiveThread
from flowrun.assistants.outcome import Answered, AskedForCalls, CutShort, Outcome
from flowrun.assistants.progress import (
    CallDelta,
    MessageChanged,
    Progress,
    RunChanged,
    StepChanged,
)
from flowrun.assistants.records import (
    AssistantRun,
    ContentPart,
    LastError,
    Message,
    MessageCut,
    Metadata,
    NewMessage,
    NewRun,
    RunCut,
    RunSnapshot,
    RunState,
    StepStatus,
    TextPart,
    Thread,
)
from flowrun.assistants.states import RunTrigger, message_cut, next_status, step_ending
from flowrun.assistants.store import AssistantStore
from flowrun.clock import Clock
from flowrun.ids import mint
from flowrun.ports.models import TokenUsage
from flowrun.ports.runtime import AnsweredRound, RunStatus, RunTextDelta

_NO_TOKENS = TokenUsage()


class Ledger:
    """The one place where live objects change."""

    def __init__(self, store: AssistantStore, clock: Clock, run_lifetime_s: int) -> None:
        self._store = store
        self._clock = clock
        self._run_lifetime_s = run_lifetime_s
        self._next_thread = store.next_number("thread")
        self._next_run = store.next_number("assistant_run")

    def now(self) -> int:
        """Return the time as records have it."""
        return int(self._clock.now())

    def add_message(self, thread: LiveThread, wanted: NewMessage) -> Message:
        """Add somebody's message to a thread."""
        message = Message(
            id=mint("msg_"),
            thread_id=thread.thread.id,
            place=thread.take_place(),
            created_at=self.now(),
            role=wanted.role,
            content=wanted.content,
            metadata=wanted.metadata,
        )
        self._store.add_message(thread.thread.number, message)
        thread.mark = self._store.mark
        thread.conversation.say(message)
        return message

    def add_thread(self, label: str, metadata: Metadata) -> LiveThread:
        """Make a thread."""
        thread = Thread(
            id=mint("thread_"),
            number=self._next_thread,
            created_at=self.now(),
            label=label,
            metadata=metadata,
        )
        self._next_thread += 1
        self._store.add_thread(thread)
        return LiveThread(thread, self._store.mark)

    def add_run(
        self, thread: LiveThread, wanted: NewRun, snapshot: RunSnapshot, snapshot_digest: str
    ) -> LiveRun:
        """Add the run's messages to its thread and let it hold the thread."""
        for message in wanted.messages:
            self.add_message(thread, message)
        now = self.now()
        run = AssistantRun(
            id=mint("run_"),
            number=self._next_run,
            label=wanted.label,
            thread_id=thread.thread.id,
            assistant_id=wanted.assistant_id,
            created_at=now,
            deadline=now + self._run_lifetime_s,
            first_place=thread.next_place,
            snapshot=snapshot,
            options=wanted.options,
            metadata=wanted.metadata,
        )
        self._next_run += 1
        live = LiveRun(run, thread, len(thread.transcript.items))
        thread.active = live
        self._store.add_run(thread.thread.number, run, snapshot_digest)
        live.first_item = self._carry_rounds(live, wanted.rounds)
        thread.mark = self._store.mark
        return live

    def start(self, live: LiveRun) -> list[Progress]:
        """Take a run up; return what is told then.

        No row says so: for whoever reads the store after a crash, a run that was queued and one
        that was being worked on are the same, both are asked again.
        """
        told = live.take_untold()
        state = live.run.state
        if state.status == "queued":
            status = next_status(state.status, RunTrigger.START)
            live.run = replace(live.run, state=replace(state, status=status, started_at=self.now()))
            told.append(RunChanged(status, live.run))
        return told

    def record_turn(
        self, live: LiveRun, outcome: Outcome, usage: TokenUsage | None, charged: tuple[int, int]
    ) -> None:
        """Record a whole model turn, and where it takes the run."""
        live.turn += 1
        prompt, completion = charged
        state = live.run.state
        state = replace(
            state,
            tokens=state.tokens if usage is None else state.tokens + usage,
            prompt_charged=prompt,
            completion_charged=completion,
        )
        match outcome:
            case Answered(parts):
                live.thread.conversation.say(self._record_message(live, parts, usage))
                self._end(live, state, RunTrigger.COMPLETE)
            case CutShort(parts, run_cut, cut):
                live.thread.conversation.say(self._record_message(live, parts, usage, cut))
                self._end(live, replace(state, cut=run_cut), RunTrigger.CUT_SHORT)
            case AskedForCalls():
                self._record_calls(live, outcome, usage)
                status = next_status(state.status, RunTrigger.REQUIRE_ACTION)
                calls = outcome.calls
                self._set_state(live, replace(state, status=status, pending_calls=calls))
                live.drop_drafts()

    def accept_outputs(self, live: LiveRun, outputs: Sequence[str]) -> None:
        """Take the outputs, in the order of the calls, and queue the run again."""
        step, thread, state = live.open_step, live.thread, live.run.state
        status = next_status(state.status, RunTrigger.SUBMIT)
        assert step is not None  # a run in `requires_action` has its calls
        step = replace(step, status="completed", outputs=tuple(outputs), ended_at=self.now())
        self._store.end_step(thread.thread.number, step)
        self._set_state(live, replace(state, status=status, pending_calls=()))
        thread.conversation.answer(step, live.said_before_calls)
        live.open_step, live.said_before_calls = None, ""
        live.untold += [StepChanged("completed", step), RunChanged(status, live.run)]

    def cut_short(self, live: LiveRun, cut: RunCut) -> None:
        """End a run whose budget does not allow another turn."""
        self._end(live, replace(live.run.state, cut=cut), RunTrigger.CUT_SHORT)

    def fail(self, live: LiveRun, error: LastError) -> None:
        """End a run as failed; what it half wrote stays, marked so."""
        self._close_open(live, "failed", error)
        self._end(live, replace(live.run.state, last_error=error), RunTrigger.FAIL)

    def cancel(self, live: LiveRun) -> None:
        """Cancel a run, whoever is at work on it.

        Raises:
            IllegalTransition: it is over.
        """
        state = live.run.state
        state = replace(state, status=next_status(state.status, RunTrigger.CANCEL))
        self._close_open(live, "cancelled", None)
        live.run = replace(live.run, state=state)
        live.untold.append(RunChanged("cancelling", live.run))
        self._end(live, state, RunTrigger.CONFIRM_CANCEL)

    def end_if_due(self, live: LiveRun) -> bool:
        """End a run whose deadline passed; say whether it is over."""
        if live.run.is_over:
            return True
        if self._clock.monotonic() < live.monotonic_deadline:
            return False
        self._close_open(live, "expired", None)
        self._end(live, live.run.state, RunTrigger.EXPIRE)
        return True

    def set_deadline(self, live: LiveRun) -> float:
        """Fix the run's deadline on the clock that is never set; return the seconds left.

        Within this process the calendar may be stepped back or forth and the run still has the
        time it was given; after a restart only the calendar is left to go by.
        """
        left = live.run.deadline - self._clock.now()
        live.monotonic_deadline = self._clock.monotonic() + left
        return left

    def seconds_left(self, live: LiveRun) -> float:
        """Return the seconds to the run's deadline."""
        return live.monotonic_deadline - self._clock.monotonic()

    def _carry_rounds(self, live: LiveRun, rounds: Sequence[AnsweredRound]) -> int:
        """Let a run begin with rounds; return the first item that is its own.

        Those that the thread shows already, because an earlier run took their outputs, stay where
        they are. None of them is a turn of the model, but a forced call is not forced again.
        """
        thread, now = live.thread, self.now()
        places: list[int] = []
        for one in rounds:
            draft = CallsDraft(live.run, now)
            asked = draft.step(thread.take_place(), one.calls, None)
            step = replace(asked, status="completed", outputs=one.outputs, ended_at=now)
            self._store.add_step(thread.thread.number, step)
            places.append(thread.conversation.carry(step))
            thread.call_ids.update([call.id for call in one.calls])
        live.turn = len(rounds)
        if not rounds:
            thread.conversation.let_out()
        return min(places, default=len(thread.transcript.items))

    def _record_message(
        self,
        live: LiveRun,
        parts: tuple[ContentPart, ...],
        tokens: TokenUsage | None,
        cut: MessageCut | None = None,
        ending: tuple[StepStatus, LastError | None] = ("completed", None),
    ) -> Message:
        """Keep the message that a turn wrote, and the step that says so."""
        now, thread, run = self.now(), live.thread, live.run
        draft = live.message_draft
        if draft is None:
            draft = MessageDraft(run, now)
            live.untold += draft.opening()
            live.untold += [
                RunTextDelta(draft.id, part.text)
                for part in parts
                if isinstance(part, TextPart) and part.text
            ]
        message = draft.message(thread.take_place(), parts, cut, now)
        status, error = ending
        step = draft.step(thread.take_place(), status, now, tokens=tokens, error=error)
        self._store.add_message(thread.thread.number, message)
        self._store.add_step(thread.thread.number, step)
        live.texts.append(message.text)
        live.untold += (
            MessageChanged("completed" if cut is None else "incomplete", message),
            StepChanged(status, step),
        )
        return message

    def _record_calls(
        self, live: LiveRun, outcome: AskedForCalls, usage: TokenUsage | None
    ) -> None:
        """Keep the calls that a turn asked for; the model is shown them with their outputs."""
        if outcome.text:
            self._record_message(live, (TextPart(outcome.text),), _NO_TOKENS)
        thread, draft = live.thread, live.calls_draft
        calls = outcome.calls
        if draft is None:
            draft = CallsDraft(live.run, self.now())
            live.untold += draft.opening()
            live.untold += [
                CallDelta(draft.step_id, index, call.id, call.name, call.arguments)
                for index, call in enumerate(calls)
            ]
        elif draft.held is not None:
            live.untold += draft.held
        step = draft.step(thread.take_place(), calls, usage)
        self._store.add_step(thread.thread.number, step)
        thread.call_ids.update([call.id for call in calls])
        live.open_step, live.said_before_calls = step, outcome.text

    def _close_open(self, live: LiveRun, status: RunStatus, error: LastError | None) -> None:
        """End what a run leaves unfinished as the run ends: half a message, unanswered calls."""
        ending = step_ending(status)
        thread, draft = live.thread, live.message_draft
        if draft is not None:
            parts = (TextPart("".join(draft.pieces)),)
            cut = message_cut(status)
            message = self._record_message(live, parts, None, cut, (ending, error))
            thread.conversation.say(message)
        step = live.open_step
        if live.calls_draft is not None and live.calls_draft.held is None:
            step = live.calls_draft.step(thread.take_place(), (), None)
            self._store.add_step(thread.thread.number, step)
        if step is None:
            return
        step = replace(step, status=ending, ended_at=self.now(), last_error=error)
        self._store.end_step(thread.thread.number, step)
        live.untold.append(StepChanged(ending, step))
        thread.conversation.leave(step, live.said_before_calls)
        live.open_step, live.said_before_calls = None, ""

    def _end(self, live: LiveRun, state: RunState, trigger: RunTrigger) -> None:
        """Give a run its terminal status; the row that says so is the end of the thread's lock."""
        status = next_status(state.status, trigger)
        state = replace(state, status=status, ended_at=self.now(), pending_calls=())
        self._set_state(live, state)
        live.thread.active = None
        live.drop_drafts()
        live.let_go()

    def _set_state(self, live: LiveRun, state: RunState) -> None:
        live.run = replace(live.run, state=state)
        self._store.set_run_state(live.run)
        live.thread.mark = self._store.mark
