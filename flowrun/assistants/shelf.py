"""What is at hand of the store: live threads and runs, found by id or label, loaded when missing.

Nothing leaves the shelf before it is durable, so whatever is missing here can be read. Threads
whose run is active stay; of the others the most recently used are kept.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from flowrun.assistants.conversation import rebuild
from flowrun.assistants.limits import not_found
from flowrun.assistants.live import LiveRun, LiveThread
from flowrun.assistants.records import AssistantRun, RunStep, Thread
from flowrun.assistants.store import AssistantStore

IDLE_THREADS = 512
"""How many threads are kept at hand, unless more are active."""

_LOOKS = 4
"""How many threads are looked at each time there are too many; never all of them."""


class Shelf:
    """Live threads and runs of one store."""

    def __init__(
        self,
        store: AssistantStore,
        woken: Callable[[LiveRun], None],
        idle_threads: int = IDLE_THREADS,
    ) -> None:
        """Args: `woken` is told of every active run that is put here, new or loaded."""
        self._store = store
        self._woken = woken
        self._idle_threads = idle_threads
        self._threads: OrderedDict[str, LiveThread] = OrderedDict()
        self._thread_ids: dict[str, str] = {}
        self._runs: dict[str, LiveRun] = {}
        self._run_ids: dict[str, str] = {}
        self._over: dict[str, LiveRun] = {}
        """Runs that are over and may not be durable yet."""
        self._deleted: dict[str, int] = {}
        """Threads that may still be in the store, and the mark at which they are not any more."""

    def put_thread(self, thread: LiveThread) -> None:
        """Keep a thread."""
        self._threads[thread.thread.id] = thread
        if thread.thread.label:
            self._thread_ids[thread.thread.label] = thread.thread.id

    def put_run(self, live: LiveRun) -> None:
        """Keep an active run."""
        self._runs[live.run.id] = live
        if live.run.label:
            self._run_ids[live.run.label] = live.run.id
        self._woken(live)

    def thread(self, thread_id: str) -> LiveThread:
        """Return a thread.

        Raises:
            RuntimeRejected: there is none with this id.
        """
        live = self._threads.get(thread_id)
        if live is not None:
            self._threads.move_to_end(thread_id)
            return live
        return self._load(self.find(thread_id))

    def find(self, thread_id: str) -> Thread:
        """Return what is known of a thread, without reading it back.

        Raises:
            RuntimeRejected: there is none with this id.
        """
        live = self._threads.get(thread_id)
        thread = self._store.thread(identifier=thread_id) if live is None else live.thread
        if thread is None or self._is_deleted(thread_id):
            raise not_found("thread", thread_id)
        return thread

    def active_run(self, thread: Thread) -> LiveRun | None:
        """Return the run that holds a thread, if one does."""
        live = self._threads.get(thread.id)
        if live is not None:
            return live.active
        latest = self._store.latest_run(thread)
        return None if latest is None or latest.is_over else self._load(thread).active

    def delete(self, thread: Thread) -> None:
        """Forget a thread for good; its deletion is queued, and no run holds it."""
        self._deleted[thread.id] = self._store.mark
        self._threads.pop(thread.id, None)
        if self._thread_ids.get(thread.label) == thread.id:
            del self._thread_ids[thread.label]
        for live in [one for one in self._runs.values() if one.run.thread_id == thread.id]:
            del self._runs[live.run.id]
            self._over.pop(live.run.id, None)
            self._run_ids.pop(live.run.label, None)

    def labelled_thread(self, label: str) -> LiveThread | None:
        """Return the thread with a label, if there is one."""
        thread_id = self._thread_ids.get(label)
        if thread_id is not None:
            return self.thread(thread_id)
        thread = self._store.thread(label=label)
        return None if thread is None or self._is_deleted(thread.id) else self._load(thread)

    def run(self, thread_id: str, run_id: str) -> LiveRun:
        """Return a run of a thread.

        Raises:
            RuntimeRejected: there is no such thread, or it has no such run.
        """
        live = self._runs.get(run_id)
        if live is None:
            self.thread(thread_id)
            live = self._runs.get(run_id) or self._finished(self._store.run(identifier=run_id))
        if live is None or live.run.thread_id != thread_id:
            raise not_found("run", run_id)
        return live

    def labelled_run(self, label: str) -> LiveRun | None:
        """Return the run with a label, if there is one."""
        run_id = self._run_ids.get(label)
        if run_id is not None:
            return self._runs[run_id]
        run = self._store.run(label=label)
        if run is None or self._is_deleted(run.thread_id):
            return None
        self.thread(run.thread_id)
        return self._runs.get(run.id) or self._finished(run)

    def retire(self, live: LiveRun) -> None:
        """Take note that a run stopped; forget all that is over, idle and durable."""
        if live.run.is_over and live.run.id in self._runs:
            self._over[live.run.id] = live
        durable = self._store.durable_mark
        for done in [one for one in self._over.values() if one.thread.mark <= durable]:
            del self._over[done.run.id], self._runs[done.run.id]
            self._run_ids.pop(done.run.label, None)
        for _ in range(min(_LOOKS, len(self._threads) - self._idle_threads)):
            self._drop_oldest(durable)

    def close(self) -> None:
        """Let every clock of every run go; what is not over can be taken up again."""
        for live in self._runs.values():
            live.stop_clock()

    def _is_deleted(self, thread_id: str) -> bool:
        mark = self._deleted.get(thread_id)
        if mark is not None and mark <= self._store.durable_mark:
            del self._deleted[thread_id]
            mark = None
        return mark is not None

    def _drop_oldest(self, durable: int) -> None:
        """Forget the thread unused for longest, unless it is needed."""
        thread_id, oldest = next(iter(self._threads.items()))
        if oldest.active is not None or oldest.mark > durable:
            self._threads.move_to_end(thread_id)
            return
        del self._threads[thread_id]
        self._thread_ids.pop(oldest.thread.label, None)

    def _load(self, thread: Thread) -> LiveThread:
        """Read a thread back, and with it the run that holds it."""
        live = LiveThread(thread)
        messages, steps = self._store.messages(thread), self._store.steps(thread)
        latest = self._store.latest_run(thread)
        active = latest if latest is not None and not latest.is_over else None
        rebuilt = rebuild(messages, steps, None if active is None else active.first_place)
        live.take_over(rebuilt.conversation)
        live.call_ids.update([call.id for step in steps for call in step.calls])
        live.next_place = 1 + max(
            [0, *[one.place for one in messages], *[one.place for one in steps]]
        )
        self.put_thread(live)
        if active is not None:
            run = _woken_run(active, live, [step for step in steps if step.run_id == active.id])
            run.first_item = rebuilt.first_item
            run.said_before_calls = rebuilt.before_calls
            run.texts = [message.text for message in messages if message.run_id == active.id]
            self.put_run(run)
        return live

    def _finished(self, run: AssistantRun | None) -> LiveRun | None:
        """Return a run that is over, as a follower wants it."""
        if run is None:
            return None
        thread = self.thread(run.thread_id)
        live = LiveRun(run, thread, 0)
        messages = self._store.messages(thread.thread, run.first_place)
        live.texts = [message.text for message in messages if message.run_id == run.id]
        return live


def _woken_run(run: AssistantRun, thread: LiveThread, steps: list[RunStep]) -> LiveRun:
    """Return an active run as it was left: how many turns it took, which calls it waits for."""
    live = LiveRun(run, thread, 0)
    thread.active = live
    rounds = [step for step in steps if step.message_id is None]
    live.turn = len(rounds)
    if run.status == "requires_action":
        live.open_step = rounds[-1]
        state = replace(run.state, pending_calls=rounds[-1].calls)
        live.run = replace(run, state=state)
    return live
