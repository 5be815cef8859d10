"""An engine that carries nothing out: for those who only write about runs, such as who cancels one.

It needs neither tools nor endpoints, so a run can be cancelled whose key was withdrawn.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Never

from flowrun.app.project import Project
from flowrun.assistants.service import AssistantsService
from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.errors import IllegalTransition
from flowrun.ports.runtime import Runtime
from flowrun.runtimes.local import LocalRuntime
from flowrun.storage.database import Database, open_database


@dataclass(frozen=True, slots=True, kw_only=True)
class BareSession:
    """The store's owner, and what there is without a plan."""

    engine: JournalEngine
    runtime: Runtime
    database: Database


@asynccontextmanager
async def open_bare_session(project: Project, purpose: str) -> AsyncIterator[BareSession]:
    """Own the store of a project for a moment.

    Args:
        project: Holds the store.
        purpose: What we are doing, for those who find the store locked.

    Raises:
        StoreLocked: another process owns it.
        StorageError: it cannot be used.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = open_database(
            project.store_path,
            holder=f"`{purpose}` (process {os.getpid()})",
            durability=project.settings.store.durability,
        )
        stack.callback(database.close)
        service = AssistantsService(database, _no_model, clock)
        stack.push_async_callback(service.close)
        engine = JournalEngine(database, clock, _carry_nothing_out)
        stack.push_async_callback(engine.close)
        yield BareSession(engine=engine, runtime=LocalRuntime(service), database=database)


async def _carry_nothing_out(*_: object) -> Never:
    raise IllegalTransition("a bare session", "idle", "enter a run")


def _no_model(endpoint: str) -> Never:
    raise IllegalTransition("a bare session", "idle", f"ask endpoint `{endpoint}`")
