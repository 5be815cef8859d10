"""Threads and runs at work: what the store knows about them, at hand, and what it never will.

A live thread holds its one transcript for as long as it is kept, so that wires encode an item
once. A live run adds what is only a view: the message being written, whom to interrupt.
"""

import asyncio

from flowrun.assistants.conversation import Conversation
from flowrun.assistants.drafts import CallsDraft, MessageDraft
from flowrun.assistants.progress import Progress
from flowrun.assistants.records import AssistantRun, RunStep, Thread
from flowrun.assistants.turnplan import Weights
from flowrun.ports.models import Transcript


class LiveThread:
    """A thread, its conversation, and the run that holds it."""

    __slots__ = (
        "active",
        "call_ids",
        "conversation",
        "mark",
        "next_place",
        "thread",
        "transcript",
        "weights",
    )

    def __init__(self, thread: Thread, mark: int = 0) -> None:
        self.thread = thread
        self.transcript = Transcript()
        self.conversation = Conversation(self.transcript.items)
        self.weights = Weights(self.transcript)
        self.next_place = 1
        self.call_ids: set[str] = set()
        """Of every tool call ever asked on the thread; none is used twice."""
        self.active: LiveRun | None = None
        self.mark = mark
        """The store's mark of its latest write; see `store.AssistantStore.settle`."""

    def take_over(self, rebuilt: Conversation) -> None:
        """Go on with a conversation that was read back; there was nothing before it."""
        self.conversation.items += rebuilt.items
        self.conversation.rounds = rebuilt.rounds
        self.conversation.held = rebuilt.held

    def take_place(self) -> int:
        """Return the next place in the thread's sequence."""
        place = self.next_place
        self.next_place = place + 1
        return place


class LiveRun:
    """A run at work, or one just found to be over."""

    __slots__ = (
        "calls_draft",
        "driving",
        "first_item",
        "interrupted",
        "message_draft",
        "monotonic_deadline",
        "open_step",
        "run",
        "said_before_calls",
        "texts",
        "thread",
        "timer",
        "turn",
        "untold",
        "waiter",
    )

    def __init__(self, run: AssistantRun, thread: LiveThread, first_item: int) -> None:
        self.run = run
        self.thread = thread
        self.first_item = first_item
        self.turn = 0
        """Model turns taken."""
        self.open_step: RunStep | None = None
        """The calls that wait for outputs."""
        self.said_before_calls = ""
        self.texts: list[str] = []
        """Of the run's messages, in order."""
        self.message_draft: MessageDraft | None = None
        self.calls_draft: CallsDraft | None = None
        self.untold: list[Progress] = []
        self.driving = asyncio.Lock()
        """Held by whoever takes the run's turns; others who follow wait for the next stop."""
        self.waiter: asyncio.Task[object] | None = None
        """The task that waits for the model, while it does."""
        self.interrupted = False
        self.timer: asyncio.TimerHandle | None = None
        self.monotonic_deadline = 0.0

    @property
    def has_stopped(self) -> bool:
        """Whether it is over or waits for outputs."""
        return self.open_step is not None or self.run.is_over

    def take_untold(self) -> list[Progress]:
        """Return what happened and was not told yet."""
        untold, self.untold = self.untold, []
        return untold

    def drop_drafts(self) -> None:
        """Forget what was streaming; nobody was promised it."""
        self.message_draft = None
        self.calls_draft = None

    def stop_clock(self) -> None:
        """Let the deadline pass unnoticed."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def let_go(self) -> None:
        """Stop the clock and wake whoever waits for the model: the run is over."""
        self.stop_clock()
        if self.waiter is not None:
            self.interrupted = True
            self.waiter.cancel()
            self.waiter = None
