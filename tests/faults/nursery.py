"""Processes to be killed, made quickly: `python -m tests.faults.nursery` forks one for each life.

It has loaded everything and holds nothing: no thread, no file, no loop. For each line on its input,
a life as JSON, it forks, says `PID`, and when that process is over `PID STATUS`, its status as
`os.waitstatus_to_exitcode` gives it. The number of a process that is over is given to nobody else
before the next line is read. At the end of its input it ends.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time

from tests.support.repository import ROOT

LIFE_S = 60
"""No life lasts longer: the kernel ends it, whoever is left to notice."""


class Hung(Exception):
    """A life that did not end."""


class Nursery:
    """The forking process as its owner sees it; one life at a time."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._pending = b""
        self._pid = 0

    def begin(self, life: dict) -> int:
        """Start a life; return its process id."""
        assert not self._pid, "one life at a time"
        self._popen.stdin.write(json.dumps(life).encode() + b"\n")
        self._popen.stdin.flush()
        self._pid = int(self._line(LIFE_S))
        return self._pid

    def kill(self) -> None:
        """Kill the life under way, if it has not ended."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)

    def ends_within(self, seconds: float) -> bool:
        """Tell whether the life under way is over before so much time has passed."""
        return b"\n" in self._pending or bool(
            select.select([self._popen.stdout], [], [], max(0.0, seconds))[0]
        )

    def status(self, within_s: float = LIFE_S - 5) -> int:
        """Wait for the end of the life under way; negative for a signal.

        Raises:
            Hung: it does not end; it was killed.
        """
        try:
            pid, status = self._line(within_s).split()
        except Hung:
            self.kill()
            self._line(LIFE_S)
            self._pid = 0
            raise
        assert int(pid) == self._pid
        self._pid = 0
        return int(status)

    def close(self) -> None:
        """End the nursery, and the life under way first."""
        if self._pid:
            self.kill()
            self.status()
        self._popen.stdin.close()
        self._popen.wait(10)
        self._popen.stdout.close()

    def _line(self, within_s: float) -> bytes:
        deadline = time.monotonic() + within_s
        while b"\n" not in self._pending:
            ready = select.select(
                [self._popen.stdout], [], [], max(0.0, deadline - time.monotonic())
            )
            if not ready[0]:
                raise Hung(f"not over within {within_s:g} s")
            piece = os.read(self._popen.stdout.fileno(), 4096)
            if not piece:
                raise RuntimeError("the nursery ended")
            self._pending += piece
        line, _, self._pending = self._pending.partition(b"\n")
        return line


def main() -> None:
    """Fork a life for each line."""
    from tests.faults.life import live

    reported = 0
    for line in sys.stdin.buffer:
        if reported:
            os.waitpid(reported, 0)
        pid = os.fork()
        if pid == 0:
            signal.alarm(LIFE_S)
            _become(json.loads(line), live)
        os.write(1, f"{pid}\n".encode())
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        status = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        os.write(1, f"{pid} {status}\n".encode())
        reported = pid


def _become(life: dict, live) -> None:
    """Live a life, whatever it says going to a file; never returns."""
    code = 70
    try:
        null, said = os.open(os.devnull, os.O_RDONLY), life["says"]
        file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(null, 0)
        os.dup2(file, 1)
        os.dup2(file, 2)
        code = live(life)
    except BaseException:  # noqa: BLE001  # a forked process must never go on as its parent would
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
