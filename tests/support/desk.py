"""An Assistants service on a real store with a model told in advance, and ways to crash it."""

import asyncio
import shutil
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import contextmanager
from pathlib import Path

from flowrun.assistants.live import LiveRun
from flowrun.assistants.progress import Progress
from flowrun.assistants.records import NewAssistant, NewMessage, NewRun, RunOptions, TextPart
from flowrun.assistants.service import RUN_LIFETIME_S, AssistantsService
from flowrun.clock import Clock, ManualClock
from flowrun.ports.models import FunctionTool
from flowrun.runtimes.local import LocalRuntime
from flowrun.storage.database import Database, open_database
from tests.support.models import Reply, TurnsModel

TOOL = FunctionTool(name="look", description="Look", parameters={"type": "object"})


class Desk:
    """One life of a store: its database, service and model."""

    def __init__(self, database: Database, model: TurnsModel, clock: Clock, lifetime: int) -> None:
        self.database = database
        self.model = model
        self.clock = clock
        self.service = AssistantsService(database, model.model_for, clock, run_lifetime_s=lifetime)

    def assistant(self, **fields) -> str:
        wanted = NewAssistant(**{"model": "m", "name": "guide", "tools": (TOOL,), **fields})
        return self.service.put_assistant(wanted).id

    def run(self, message: str | None = "hi", *, thread: str | None = None, **fields) -> LiveRun:
        """Begin a run; what is not a field of a run is one of its options."""
        thread = thread or self.service.open_thread().id
        assistant = fields.pop("assistant", None) or self.assistant()
        own = {name: fields.pop(name) for name in list(fields) if name in NewRun.__slots__}
        return self.service.begin_run(
            NewRun(
                thread_id=thread,
                assistant_id=assistant,
                messages=() if message is None else (note(message),),
                options=RunOptions(**fields),
                **own,
            )
        )

    async def follow(self, live: LiveRun) -> list[Progress]:
        return [told async for told in self.service.follow(live)]


def note(text: str) -> NewMessage:
    return NewMessage(content=(TextPart(text),))


@contextmanager
def desk(path: Path, *replies: Reply, clock: Clock | None = None, lifetime: int = RUN_LIFETIME_S):
    database = open_database(path, holder="a test", durability="process")
    model = TurnsModel(deque(replies))
    try:
        yield Desk(database, model, clock or ManualClock(), lifetime)
    finally:
        database.close()


def at_desk(
    path: Path,
    work: Callable[[Desk], Coroutine],
    *replies: Reply,
    clock: Clock | None = None,
    lifetime: int = RUN_LIFETIME_S,
):
    """Run `work` at a desk of its own, and close it as a process that ends well does."""

    async def main():
        with desk(path, *replies, clock=clock, lifetime=lifetime) as opened:
            try:
                return await work(opened)
            finally:
                await opened.service.close()

    return asyncio.run(main())


@contextmanager
def local_runtime(folder: Path, *replies: Reply, clock: Clock | None = None):
    """The embedded runtime on a store of its own, which outlives the lives of a flow run.

    Yields the runtime and its model.
    """
    with desk(folder / "assistants.db", *replies, clock=clock) as opened:
        yield LocalRuntime(opened.service), opened.model


def crash_image(path: Path) -> Path:
    """Copy the store as it is on disk at this instant: what a killed process would leave."""
    image = path.with_name("image-" + path.name)
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copyfile(source, image.with_name(image.name + suffix))
    return image
