"""Keep what tools print out of flowrun's results.

Standard output carries results, standard error the narrative, and a Python tool that prints tells
a narrative. `sys.stdout` is one object for the whole process, so while any Python tool is at work
it is replaced by one that asks a context variable who is writing: tools write to standard error,
everybody else to where they did before. The variable follows tasks, and the threads that flowrun
runs tools in.

Threads that a tool starts itself, and programs it starts without capturing their output, are
beyond the reach of a context variable: an entry point whose results are read by programs holds
`reserved_stdout` around the run as well.
"""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TextIO, cast

_in_tool: ContextVar[bool] = ContextVar("flowrun_in_tool", default=False)
"""Also true while tool modules are loaded, when there is no invocation yet."""


class ToolOutput:
    """Marks what runs inside, in this context, as a tool's own code."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        _routing.enter()
        self._token: Token[bool] = _in_tool.set(True)

    def __exit__(self, *_: object) -> None:
        _in_tool.reset(self._token)
        _routing.leave()


@contextmanager
def reserved_stdout() -> Iterator[TextIO]:
    """Yield the one stream that reaches standard output; everything else there goes to stderr.

    `sys.stdout` and, where it is a real one, file descriptor 1 point to standard error meanwhile,
    so neither threads nor child processes can write among the results.
    """
    before = sys.stdout
    before.flush()
    sys.stdout = sys.stderr
    try:
        if _descriptor_of(before) == 1:
            with _moved_descriptor(before) as results:
                yield results
        else:
            yield before
    finally:
        sys.stdout = before


class _Router:
    """Stands in for `sys.stdout`: is `sys.stderr` to tools and what was there before to others."""

    def __init__(self, results: TextIO) -> None:
        self._results = results

    def __getattr__(self, name: str) -> object:
        return getattr(sys.stderr if _in_tool.get() else self._results, name)


class _Routing:
    """How many tools are at work, and what stands in for `sys.stdout` meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._before: TextIO | None = None
        self._router: TextIO | None = None

    def enter(self) -> None:
        with self._lock:
            self._count += 1
            # One that somebody else put back after we had left works as well as a new one.
            if self._count == 1 and not isinstance(sys.stdout, _Router):
                self._before = sys.stdout
                self._router = cast("TextIO", _Router(sys.stdout))  # everything is passed on
                sys.stdout = self._router

    def leave(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0 and self._router is not None:
                # Replaced by another in between: then it is theirs to put back.
                if sys.stdout is self._router and self._before is not None:
                    sys.stdout = self._before
                self._router = self._before = None


_routing = _Routing()


def _descriptor_of(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, AttributeError):  # not a file, or only like one
        return None


@contextmanager
def _moved_descriptor(before: TextIO) -> Iterator[TextIO]:
    kept = os.dup(1)
    results = io.TextIOWrapper(
        os.fdopen(kept, "wb"),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.isatty(),
    )
    os.dup2(2, 1)
    try:
        yield results
    finally:
        results.flush()
        os.dup2(kept, 1)
        results.close()
