"""A store on a disk of its own: `python -m tests.support.small_disk TALE FOLDER`.

To be started by `UNSHARE`, in a name space in which it may mount. Prints what was said and what is
there afterwards, as JSON.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from flowrun.clock import SystemClock
from flowrun.engines.inbox import Message, leave_from_outside
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import read_heads
from flowrun.errors import StorageError
from flowrun.ports.durable import OutcomeUnknown
from flowrun.storage.database import StoreReader, open_database
from tests.support.engines import PLAN, SETTING, doing, done, said

UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
STEPS = 40


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


async def live(folder, interpret):
    database = open_database(folder / "store.db", holder="test")
    try:
        engine = JournalEngine(database, SystemClock(), interpret)
        await engine.start("run-1", PLAN, {}, SETTING)
        head = await engine.wait("run-1")
        return head, [one.event for one in engine.events("run-1")]
    finally:
        database.close()


def writing(begun):
    """A run of many effects that each leave 8 KiB; those in doubt are passed over."""

    async def interpret(scope, plan, inputs, setting):
        unknown = 0
        for number in range(STEPS):
            try:
                act = doing(payload(number), begun)
                await scope.effect(f"x{number}", act, "at_most_once")
            except OutcomeUnknown:
                unknown += 1
        return done(unknown=unknown)

    return interpret


def payload(number):
    return f"{number:04}" * 2048


def statuses(folder):
    with closing(StoreReader(folder / "store.db")) as store:
        return [one.status for one in read_heads(store, frozenset())]


def attempt(tale):
    """Return what it came to, or what the failure said and advised."""
    try:
        return tale()
    except StorageError as failure:
        return [str(failure).partition("`: ")[2], failure.hint]


def full(folder):
    """The disk is full in the middle of a run, still is at the next try, and then it has space."""
    mount("-t", "tmpfs", "-o", "size=400k", "tmpfs", folder)
    begun = []
    first = attempt(lambda: asyncio.run(live(folder, writing(begun))))
    before = len(begun)
    second = attempt(lambda: asyncio.run(live(folder, writing(begun))))
    begun_while_full = len(begun) - before
    mount("-o", "remount,size=8m", folder)
    head, events = asyncio.run(live(folder, writing(begun)))
    kept = [number for number in range(STEPS) if said(payload(number)) in events]
    return {
        "first": first,
        "second": second,
        "begun while full": begun_while_full,
        "status": head.status,
        "most": max(begun.count(one) for one in begun),
        "accounted for": len(kept) + events[-1].outputs["unknown"],
        "unknown": events[-1].outputs["unknown"],
    }


async def asking(scope, plan, inputs, setting):
    await scope.signal("ask")
    return done()


def read_only(folder):
    """The disk becomes read-only while a run is parked, and then is writable again."""
    mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)
    parked, _ = asyncio.run(live(folder, asking))
    mount("-o", "remount,ro", folder)
    answer = Message(run_id="run-1", name="ask", value={}, message_id="m", sender="ann", at=0.0)
    told = {
        "parked": parked.status,
        "listed": attempt(lambda: statuses(folder)),
        "opened": attempt(lambda: open_database(folder / "store.db", holder="test").close()),
        "made": attempt(lambda: open_database(folder / "new" / "store.db", holder="t").close()),
        "answered": attempt(lambda: leave_from_outside(folder / "store.db", answer)),
    }
    mount("-o", "remount,rw", folder)
    leave_from_outside(folder / "store.db", answer)
    head, _ = asyncio.run(live(folder, asking))
    return told | {"status": head.status}


def too_small(folder):
    """Disks on which not even an empty store has space."""
    told = {}
    for size in (16, 40, 100):
        mount("-t", "tmpfs", "-o", f"size={size}k", "tmpfs", folder)
        told[size] = attempt(lambda: open_database(folder / "store.db", holder="test").close())
    return told


if __name__ == "__main__":
    tale = {"full": full, "read_only": read_only, "too_small": too_small}[sys.argv[1]]
    print(json.dumps(tale(Path(sys.argv[2]))))
