"""Threads for synchronous tools.

The standard pool joins its threads when the interpreter ends, so one tool that never returns would
keep flowrun from ending, too. These threads are daemons: nobody waits for them in the end. How many
calls run at a time is bounded by whoever submits; a thread whose call was given up counts no more.
"""

import queue
import threading
from collections.abc import Callable


class Threads:
    """Threads that are started when none is idle and kept for the next call."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._started = 0
        self._closed = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job in a thread; it must not raise."""
        with self._lock:
            spawns = self._idle == 0
            if not spawns:
                self._idle -= 1
            else:
                self._started += 1
        self._jobs.put(job)
        if spawns:
            name = f"flowrun-tool-{self._started}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def close(self) -> None:
        """Let idle threads end; busy ones end after their job."""
        with self._lock:
            self._closed = True
            for _ in range(self._started):
                self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # what a tool was given is not kept alive until the next call
            with self._lock:
                if self._closed:
                    return
                self._idle += 1
