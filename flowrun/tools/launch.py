"""Run one program to its end, with everything it starts, and keep a bounded part of its output.

A program leads a session and a process group of its own. However the call ends (by itself, by
timeout, by cancellation) nothing of that group is left: first SIGTERM, after a grace SIGKILL. On
Linux the program is killed by the kernel should flowrun die first: more exactly, should the thread
die that started it, which is the event loop's. What starts a session of its own (`setsid`) leaves
the group on purpose and is not followed.

POSIX only. One event loop reads the pipes; there is no thread where the kernel has pidfds.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from flowrun.tools.capture import Capture
from flowrun.tools.endings import to_the_end

GRACE_S = 1.0
"""Between SIGTERM and SIGKILL."""
DRAIN_S = 0.25
"""How long a pipe may stay open when the program that was asked for has ended."""
KILLED_S = 2.0
"""How long the kernel is given to end what it was told to kill."""

_POLL_S = 0.01
_CHUNK = 65536
_PIPE_CHUNKS = 16
"""No pipe holds more than this many chunks."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A program as it is started; nothing here is looked up or interpreted again."""

    executable: Path
    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    stdin: bytes | None = None
    """What it reads; None closes its input."""
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: `exit_code` is negative for a signal, None if it was stopped by us."""

    exit_code: int | None


async def run_program(launch: Launch, *, stdout: Capture, stderr: Capture) -> Ended:
    """Run a program; return when it and its group are gone.

    Raises:
        OSError: it cannot be started.
        asyncio.CancelledError: after the group is gone.
    """
    program = _Program(_spawn(launch), stdout, stderr)
    try:
        ended = await program.ends_within(launch.timeout_s)
    except asyncio.CancelledError:
        await to_the_end(program.stop())
        raise
    if ended:
        return Ended(await to_the_end(program.settle()))
    await to_the_end(program.stop())
    return Ended(None)


def has_living_members(group: int) -> bool:
    """Tell whether a process group has members that run.

    A killed orphan stays as a zombie until the system's first process takes notice, which can be
    seconds in a container; it holds nothing and is not waited for where `/proc` tells it apart.
    """
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    stats = Path("/proc").glob("[0-9]*/stat")
    return sys.platform != "linux" or any(_is_living_member(stat, group) for stat in stats)


def _is_living_member(stat: Path, group: int) -> bool:
    try:
        text = stat.read_text("utf-8", "replace")
    except OSError:  # it ended meanwhile
        return False
    state, _, its_group = text.rpartition(")")[2].split()[:3]
    return int(its_group) == group and state not in {"Z", "X"}


class _Program:
    """A running program, its two pipes and its group.

    The leader is not reaped before its group was killed: until then nobody else can be given the
    group's number.
    """

    def __init__(self, popen: "subprocess.Popen[bytes]", stdout: Capture, stderr: Capture) -> None:
        assert popen.stdout is not None
        assert popen.stderr is not None
        self._popen = popen
        self._exit = _watch_exit(popen)
        self._pipes = (_Pipe(popen.stdout, stdout), _Pipe(popen.stderr, stderr))

    async def ends_within(self, timeout_s: float) -> bool:
        """Wait for the program's own end; what it started may go on."""
        done, _ = await asyncio.wait((self._exit,), timeout=timeout_s)
        return bool(done)

    async def settle(self) -> int:
        """Read what is left, end what is left of the group, and return the exit code."""
        await self._outputs_end(DRAIN_S)
        self._signal_group(signal.SIGKILL)
        await self._outputs_end(DRAIN_S)
        self._close()
        code = self._popen.wait()
        await self._group_is_gone()
        return code

    async def stop(self) -> None:
        """End the program and its group."""
        self._signal_group(signal.SIGTERM)
        closed = (pipe.closed for pipe in self._pipes)
        await asyncio.wait((self._exit, *closed), timeout=GRACE_S)
        self._signal_group(signal.SIGKILL)
        await asyncio.wait((self._exit,), timeout=KILLED_S)
        await self._outputs_end(DRAIN_S)
        self._close()
        if self._exit.done():
            self._popen.wait()
            await self._group_is_gone()

    async def _outputs_end(self, timeout_s: float) -> None:
        await asyncio.wait([pipe.closed for pipe in self._pipes], timeout=timeout_s)

    def _close(self) -> None:
        for pipe in self._pipes:
            pipe.close()

    def _signal_group(self, number: int) -> None:
        # Gone already, or (macOS) nothing but a zombie, or another user's by way of setuid.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, number)

    async def _group_is_gone(self) -> None:
        """Wait until the killed members are gone, too; they are not our children to wait for."""
        for _ in range(round(KILLED_S / _POLL_S)):
            if not has_living_members(self._popen.pid):
                return
            await asyncio.sleep(_POLL_S)


class _Pipe:
    """Reads one pipe as fast as it is filled, so that the program never waits for us."""

    def __init__(self, stream: IO[bytes], capture: Capture) -> None:
        self._stream = stream
        self._capture = capture
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(stream.fileno(), False)
        self._loop.add_reader(stream.fileno(), self._read)

    def close(self) -> None:
        """Read what is there, as far as a pipe reaches, and stop reading."""
        if self._stream.closed:
            return
        for _ in range(_PIPE_CHUNKS):
            if not self._take():
                break
        self._end()

    def _read(self) -> None:
        if self._take() == b"":
            self._end()

    def _take(self) -> bytes | None:
        """Take a chunk: empty at the end of the stream, None when there is nothing yet."""
        try:
            chunk = os.read(self._stream.fileno(), _CHUNK)
        except BlockingIOError:
            return None
        self._capture.feed(chunk)
        return chunk

    def _end(self) -> None:
        self._loop.remove_reader(self._stream.fileno())
        self._stream.close()
        _resolve(self.closed)


def _spawn(launch: Launch) -> "subprocess.Popen[bytes]":
    stdin = subprocess.DEVNULL if launch.stdin is None else _file_of(launch.stdin)
    try:
        return subprocess.Popen(
            [os.fsencode(one) for one in launch.argv],
            executable=launch.executable,
            cwd=launch.cwd,
            env={os.fsencode(name): os.fsencode(one) for name, one in launch.environment.items()},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_bound_to_this_process(),
        )
    finally:
        if not isinstance(stdin, int):
            stdin.close()


def _file_of(content: bytes) -> IO[bytes]:
    """Return an unnamed file to read from: unlike a pipe it needs nobody to fill it."""
    if sys.platform == "linux":
        file: IO[bytes] = os.fdopen(os.memfd_create("flowrun-stdin"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes either
    file.write(content)
    file.seek(0)
    return file


def _load_prctl() -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    prctl.restype = ctypes.c_int
    return cast("Callable[..., int]", prctl)


_prctl = _load_prctl()


def _bound_to_this_process() -> Callable[[], None] | None:
    """Return what the child does between fork and exec: ask to be killed with us.

    It runs in a copy of a process with threads. Nothing is imported, logged or locked here; the
    foreign function was looked up when this module was loaded.
    """
    prctl = _prctl
    if prctl is None:
        return None
    parent = os.getpid()
    number = int(signal.SIGKILL)

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(128 + number)

    return bind


def _watch_exit(popen: "subprocess.Popen[bytes]") -> "asyncio.Future[None]":
    """Return what is resolved when the program has ended; where possible it is not reaped yet."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    try:
        descriptor = os.pidfd_open(popen.pid)
    except (AttributeError, OSError):
        watch_in_thread(popen, loop, ended)
        return ended

    def on_exit() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        _resolve(ended)

    loop.add_reader(descriptor, on_exit)
    return ended


def watch_in_thread(
    popen: "subprocess.Popen[bytes]",
    loop: asyncio.AbstractEventLoop,
    ended: "asyncio.Future[None]",
) -> None:
    """Resolve `ended` from a thread: for systems without pidfds."""

    def wait() -> None:
        popen.wait()
        with suppress(RuntimeError):  # the loop is closed; nobody is left to be told
            loop.call_soon_threadsafe(_resolve, ended)

    threading.Thread(target=wait, name=f"flowrun-wait-{popen.pid}", daemon=True).start()


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
