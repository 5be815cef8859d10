"""Tools that leave a trace outside of flowrun: lines in a ledger that nothing of flowrun's reads.

Every call says that it begins and that it ends; in between it has its effect on the world, which is
a line of its own. A line is one write to a file opened for appending: `WORD RUN TOOL ORDER KEY
PID`. Orders are numbers that a flow uses once each, so a line says which call it is about.
"""

import asyncio
import os
import signal
import time
from pathlib import Path

from flowrun.tools.invocation import current_invocation


def _ledger() -> Path:
    return Path(os.environ["FAULTS_LEDGER"])


def _note(word: str, tool: str, order: int) -> None:
    call = current_invocation.get()
    assert call is not None
    line = f"{word} {call.run_id} {tool} {order} {call.idempotency_key} {os.getpid()}\n"
    file = os.open(_ledger(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, line.encode())
    os.close(file)


async def look(order: int) -> dict[str, int]:
    """Look something up. It may run as often as you like."""
    _note("begins", "look", order)
    await asyncio.sleep(0.005)
    _note("ends", "look", order)
    return {"order": order}


async def pay(order: int, idempotency_key: str = "") -> dict[str, int]:
    """Pay. The bank pays once for each key, however often it is told."""
    assert idempotency_key == current_invocation.get().idempotency_key
    return await _slowly("pay", order)


async def charge(order: int) -> dict[str, int]:
    """Charge an account. Whether that happened can be asked: see `charged`."""
    return await _slowly("charge", order)


async def _slowly(tool: str, order: int) -> dict[str, int]:
    _note("begins", tool, order)
    await asyncio.sleep(0.01)
    _note("effect", tool, order)
    await asyncio.sleep(0.01)
    _note("ends", tool, order)
    return {"order": order}


def charged(order: int) -> dict[str, object]:
    """Tell whether an account was charged."""
    call = current_invocation.get()
    assert call is not None
    _note("begins", "charged", order)
    wanted = f"effect {call.run_id} charge {order} "
    done = any(line.startswith(wanted) for line in _ledger().read_text().splitlines())
    _note("ends", "charged", order)
    return {"done": done, "output": {"order": order} if done else None}


def ship(order: int) -> dict[str, int]:
    """Ship a parcel, in a thread. It must not happen twice."""
    return _once("ship", order)


def send(order: int) -> dict[str, int]:
    """Send a letter. It must not happen twice, and a person is asked when nobody knows."""
    return _once("send", order)


def refund(order: int) -> dict[str, int]:
    """Give money back. A person must approve it."""
    return _once("refund", order)


def _once(tool: str, order: int) -> dict[str, int]:
    _note("begins", tool, order)
    time.sleep(0.01)
    _note("effect", tool, order)
    time.sleep(0.01)
    _note("ends", tool, order)
    return {"order": order}


async def nap(order: int) -> None:
    """Sleep for longer than anybody waits."""
    _note("begins", "nap", order)
    await asyncio.sleep(120)


def broken(order: int) -> None:
    """Fail, every time."""
    _note("begins", "broken", order)
    raise ValueError("it never works")


def poison(order: int) -> None:
    """Kill the process that calls it."""
    _note("begins", "poison", order)
    os.kill(os.getpid(), signal.SIGKILL)
