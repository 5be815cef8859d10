"""flowrun as people meet it: a process of its own, with streams, signals and an exit code.

    with start(["execute", "flow.yaml"], cwd=folder, environ=environ) as running:
        running.wait_for_line("finished")
        running.signal(signal.SIGINT)
        ended = running.finish()

Nothing outlives its block. Nothing here sleeps: readers wait for lines, and a wait that takes
longer than `PATIENCE_S` is a failed test that shows what was said so far.
"""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT

PATIENCE_S = 25.0
FLOWRUN = (sys.executable, "-m", "flowrun")

_OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict:
        """Standard output as one JSON value; anything else there is an error."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of_type(self, kind: str) -> list[dict]:
        """Return the events of one type."""
        return [one for one in self.events if one["type"] == kind]

    @property
    def sentences(self) -> list[str]:
        """The lines of standard error that complain or advise."""
        return [one for one in self.err.splitlines() if one.startswith(("error: ", "help: "))]


class Running:
    """A process under way, its two streams read as they come."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self.pid = popen.pid
        self._popen = popen
        self._heard = threading.Condition()
        self._lines: dict[str, list[str]] = {"out": [], "err": []}
        self._open = 2
        pipes = (("out", popen.stdout), ("err", popen.stderr))
        self._readers = [threading.Thread(target=self._read, args=one) for one in pipes]
        for reader in self._readers:
            reader.start()

    def wait_for_line(self, part: str, stream: str = "out") -> str:
        """Return the first line that holds `part`, once it is there."""
        found: list[str] = []

        def heard() -> bool:
            found[:] = [line for line in self._lines[stream] if part in line][:1]
            return bool(found) or self._open == 0

        with self._heard:
            self._heard.wait_for(heard, PATIENCE_S)
        assert found, f"no line with `{part}` in {self._lines}"
        return found[0]

    def wait_for_event(self, kind: str, **fields: object) -> dict:
        """Return the first event of `--format jsonl` with these fields, once it is there."""
        wanted = {"type": kind, **fields}
        found: list[dict] = []

        def heard() -> bool:
            events = [json.loads(line) for line in self._lines["out"]]
            found[:] = [one for one in events if wanted.items() <= one.items()][:1]
            return bool(found) or self._open == 0

        with self._heard:
            self._heard.wait_for(heard, PATIENCE_S)
        assert found, f"no event {wanted} in {self._lines}"
        return found[0]

    def wait_for_events(self, kind: str, number: int) -> None:
        """Return when so many events of a type are there, or all that there will be."""

        def heard() -> bool:
            events = [json.loads(line) for line in self._lines["out"]]
            return sum(one["type"] == kind for one in events) >= number or self._open == 0

        with self._heard:
            assert self._heard.wait_for(heard, PATIENCE_S), f"not {number} `{kind}`"

    def wait_until(self, reached: threading.Event) -> None:
        """Return when something happened elsewhere, to which the process is on its way."""
        deadline = time.monotonic() + PATIENCE_S
        while not reached.wait(0.05):
            assert self._popen.poll() is None, f"ended before it came so far: {self._lines}"
            assert time.monotonic() < deadline, f"still not there: {self._lines}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone, not to what it started."""
        self._popen.send_signal(number)

    def finish(self, within_s: float = PATIENCE_S) -> Ended:
        """Wait for the process's own end."""
        code = self._popen.wait(within_s)
        return self._ended(code)

    def kill(self) -> Ended:
        """End it as the kernel does when memory is short."""
        self._popen.kill()
        return self._ended(self._popen.wait(PATIENCE_S))

    def _ended(self, code: int) -> Ended:
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return Ended(code, *("".join(self._lines[one]) for one in ("out", "err")))

    def _read(self, name: str, pipe) -> None:
        with pipe:
            for line in pipe:
                with self._heard:
                    self._lines[name].append(line.decode("utf-8"))
                    self._heard.notify_all()
        with self._heard:
            self._open -= 1
            self._heard.notify_all()


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment with nothing of ours in it: no key, no proxy, crash files in `home`."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    own = {"HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    return {**kept, **own, **more}


@contextmanager
def start(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    command: Sequence[str] = FLOWRUN,
) -> Iterator[Running]:
    """Start flowrun, or another command, and end it with the block if it has not ended."""
    popen = subprocess.Popen(
        [*command, *arguments],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    running = Running(popen)
    try:
        yield running
    finally:
        running.kill()


def run(arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str], command=FLOWRUN):
    """Run flowrun to its end."""
    with start(arguments, cwd=cwd, environ=environ, command=command) as running:
        return running.finish()


class Screen:
    """A process on a terminal of its own: all it writes arrives here as the terminal gets it."""

    def __init__(self, popen: subprocess.Popen[bytes], master: int) -> None:
        self._popen = popen
        self._master = master
        self._heard = threading.Condition()
        self._text = ""
        self._is_open = True
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, part: str) -> None:
        """Wait until the terminal was sent this text."""
        with self._heard:
            self._heard.wait_for(lambda: part in self._text or not self._is_open, PATIENCE_S)
            assert part in self._text, f"no `{part}` in {self._text!r}"

    def type(self, keys: bytes) -> None:
        """Press keys; `\\x03` is Ctrl-C, which the terminal turns into a signal."""
        os.write(self._master, keys)

    def finish(self) -> tuple[int, str]:
        """Wait for the process's own end; return its exit code and all that was written."""
        code = self._popen.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code, self._text

    def close(self) -> None:
        """End the process if it has not ended."""
        self._popen.kill()
        self._popen.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        os.close(self._master)

    def _read(self) -> None:
        pending = b""
        while True:
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # EIO: nobody has the other side open any more
                piece = b""
            pending += piece
            text = (
                pending.decode("utf-8", "ignore") if piece else pending.decode("utf-8", "replace")
            )
            pending = pending[len(text.encode()) :]
            with self._heard:
                self._text += text
                self._is_open = bool(piece)
                self._heard.notify_all()
            if not piece:
                return


@contextmanager
def on_terminal(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    stdout: int | None = None,
    size: tuple[int, int] = (30, 110),
) -> Iterator[Screen]:
    """Run flowrun on a terminal, which is its controlling one.

    `stdout` is another place for its standard output; the terminal then has standard error.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    popen = subprocess.Popen(
        [sys.executable, "-c", _OWN_TERMINAL, *FLOWRUN, *arguments],
        cwd=cwd,
        env={"TERM": "xterm-256color", **environ},
        stdin=slave,
        stdout=slave if stdout is None else stdout,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    screen = Screen(popen, master)
    try:
        yield screen
    finally:
        screen.close()
