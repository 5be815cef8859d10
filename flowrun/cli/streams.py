"""Standard output and standard error when they are closed, full, or nobody reads them any more."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import IO

from flowrun.errors import FlowrunError


class OutputLost(FlowrunError):
    """Results that cannot be written where they were to go."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"standard output cannot be written: {reason}")


def secure_streams() -> None:
    """Make sure that the three standard descriptors are open and that every text can be written.

    One that is closed would be given to the next file that is opened, and results would be written
    into a database. What is piped is UTF-8, as JSON has to be; a terminal that cannot show a
    letter is shown its escape.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given: this one, since those below are open.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003  # no keyword
    # mypy takes the streams for granted; Python leaves out those that were closed.
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115  # a descriptor, for the life of the process
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out is sys.__stdout__:
        encoding = out.encoding if out.isatty() else "utf-8"
        out.reconfigure(encoding=encoding, errors="backslashreplace")


@contextlib.contextmanager
def delivering(stream: IO[str]) -> Iterator[None]:
    """Write a result inside. When its reader has gone, that is no failure: nobody wants the rest.

    Raises:
        OutputLost: it cannot be written.
    """
    try:
        yield
        stream.flush()
    except BrokenPipeError:
        silence(stream)
    except OSError as failure:
        silence(stream)
        raise OutputLost((failure.strerror or "no reason given").lower()) from failure


def deliver(text: str, stream: IO[str]) -> None:
    """Write a result, as `delivering` does.

    Raises:
        OutputLost: it cannot be written.
    """
    with delivering(stream):
        stream.write(text)


def tell(text: str) -> None:
    """Write a line of narrative to standard error, which nobody need read."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def settle() -> None:
    """Leave nothing in a buffer that Python could stumble over on its way out."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            silence(stream)


def silence(stream: IO[str]) -> None:
    """Send what is still to be written nowhere, what waits in the buffer included."""
    with contextlib.suppress(OSError, ValueError):  # no descriptor, or closed
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
