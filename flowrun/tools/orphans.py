"""Find and end the processes that an earlier life of a run left behind.

Programs of tools are given marks in their environment, and whatever they start inherits them, in
whichever session or group it goes on; so the marks say whose a process is when the flowrun that
started it is dead. A process that empties its environment is not found by itself, only with its
group. Linux only, where `/proc` shows environments; elsewhere the group that ends with its tool is
all that is covered, and looking for orphans finds none.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flowrun.errors import FlowrunError

RUN_VARIABLE = "FLOWRUN_RUN_ID"
PROJECT_VARIABLE = "FLOWRUN_PROJECT"
"""Run ids are unique in a project only; without this a run could end another project's tools."""

_GONE_S = 5.0
"""How long the kernel is given to end what it was told to kill."""
_POLL_S = 0.01
_PROC = Path("/proc")


class OrphansSurvive(FlowrunError):
    """Processes of an earlier life are still there though they were killed."""

    exit_code = 1

    def __init__(self, run_id: str, pids: tuple[int, ...]) -> None:
        listed = ", ".join(str(pid) for pid in pids)
        super().__init__(
            f"run `{run_id}` cannot go on beside processes of its tools that were killed and are "
            f"still there: {listed}"
        )
        self.hint = f"end them, then `flowrun runs resume {run_id}`"


@dataclass(frozen=True, slots=True)
class _Living:
    """A living process in `/proc`; a zombie holds nothing and is none."""

    pid: int
    parent: int
    group: int


async def end_orphans(run_id: str, project: Path) -> int:
    """Kill every process with the marks of a run, and its group; return how many there were.

    Only processes of this user; never this process, what it descends from, or their groups. When
    this returns none is left. Elsewhere than on Linux it does nothing and returns 0.

    Args:
        run_id: Of the run.
        project: Its root, as tools were told.

    Raises:
        OrphansSurvive: some do not go away.
    """
    if sys.platform != "linux":
        return 0
    search = _Search(_marks(run_id, project), _lineage())
    ended: set[int] = set()
    for _ in range(round(_GONE_S / _POLL_S)):
        left = search.left()
        if not left:
            return len(ended)
        ended |= {process.pid for process in left}
        for process in left:
            search.kill(process.pid)
        await asyncio.sleep(_POLL_S)
    raise OrphansSurvive(run_id, tuple(sorted(process.pid for process in search.left())))


class _Search:
    """One search: whom it is for, whom it spares, and which groups were killed."""

    def __init__(self, marks: frozenset[bytes], lineage: tuple[_Living, ...]) -> None:
        self._marks = marks
        self._spared = frozenset(one.pid for one in lineage)
        self._spared_groups = frozenset(one.group for one in lineage) | {0, 1}
        self._groups: set[int] = set()
        self._user = os.geteuid()

    def left(self) -> list[_Living]:
        """Return the living processes with the marks, or in a group that was killed."""
        return [
            one
            for one in _living(self._user)
            if one.pid not in self._spared
            and (one.group in self._groups or _has_marks(one.pid, self._marks))
        ]

    def kill(self, pid: int) -> None:
        """Kill a process and its group, unless its number is somebody else's by now.

        While we hold on to the process its number, and so its group's, is given to nobody else.
        """
        with _held(pid) as descriptor, suppress(ProcessLookupError, PermissionError):
            process = _read(pid)
            if descriptor is None or process is None or not _has_marks(pid, self._marks):
                return
            if process.group not in self._spared_groups:
                self._groups.add(process.group)
                os.killpg(process.group, signal.SIGKILL)
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)


def _marks(run_id: str, project: Path) -> frozenset[bytes]:
    marks = (f"{RUN_VARIABLE}={run_id}", f"{PROJECT_VARIABLE}={project}")
    return frozenset(os.fsencode(one) for one in marks)


@contextmanager
def _held(pid: int) -> Iterator[int | None]:
    """Hold on to a process; None when it is gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lineage() -> tuple[_Living, ...]:
    """Return this process and all that it descends from."""
    lineage: list[_Living] = []
    process = _read(os.getpid())
    while process is not None:
        lineage.append(process)
        process = _read(process.parent)
    return tuple(lineage)


def _living(user: int) -> Iterator[_Living]:
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if folder.stat().st_uid == user and (process := _read(int(folder.name))) is not None:
                yield process


def _read(pid: int) -> _Living | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:  # there is none, or it ended meanwhile
        return None
    state, parent, group, *_ = text.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else _Living(pid, int(parent), int(group))


def _has_marks(pid: int, marks: frozenset[bytes]) -> bool:
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:  # it ended meanwhile, or is none of ours to look into
        return False
    return marks <= set(environment.split(b"\0"))
