"""The terminal of a person who can be asked: whether there is one, and lines typed on it."""

import asyncio
import getpass
import os
import sys
import termios
from contextlib import suppress

from flowrun.cli.streams import silence

_LINE_BYTES = 65536


def can_ask() -> bool:
    """Tell whether a person is at a terminal that is ours to read from.

    A process in the background has a terminal too; reading from it would stop the process.
    """
    try:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):  # closed, or not a file at all
        return False


def who_asks() -> str:
    """Return the name of the person at work: that of the login, or empty."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return ""


def forget_typed() -> None:
    """Drop what was typed before there was a question: it cannot have been meant as its answer."""
    with suppress(OSError, termios.error):  # hung up: reading will say so
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


async def read_line(prompt: str) -> str | None:
    """Show a prompt and return the line that is typed, without its end; None when no more comes.

    The terminal is watched, not waited for, so that the wait can be cancelled. Prompts go to
    standard error: standard output carries results.
    """
    _write(prompt)
    loop = asyncio.get_running_loop()
    number = sys.stdin.fileno()
    ready: asyncio.Future[None] = loop.create_future()

    def note() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(number, note)
    try:
        await ready
    except asyncio.CancelledError:
        _write("\n")
        raise
    finally:
        loop.remove_reader(number)
    # A terminal hands over one line at a time, and nothing at all for Ctrl-D.
    try:
        typed = os.read(number, _LINE_BYTES)
    except OSError:  # it was hung up
        typed = b""
    if not typed:
        _write("\n")
        return None
    return typed.decode(sys.stdin.encoding or "utf-8", "replace").rstrip("\r\n")


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)
