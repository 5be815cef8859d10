"""A process made to be killed: `python -m tests.support.killed_run FOLDER STEPS`.

It starts run after run, or goes on with the one that was left, until somebody kills it. Its tools
write into a ledger that nothing of flowrun's touches: `RUN STEP begins`, then `RUN STEP ends`.
"""

import asyncio
import os
import sys
from pathlib import Path

from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.interpreter.flow import interpret_flow
from flowrun.interpreter.state import prepare_plan
from flowrun.plan.plan import ExecutionPlan, PlannedStep, PlannedTool, ToolAction
from flowrun.ports.engine import RunSetting
from flowrun.ports.tools import ToolSucceeded
from flowrun.storage.database import open_database
from tests.support.interpreting import ToldRuntime


def killed_plan(steps: int) -> ExecutionPlan:
    """Two chains side by side, of tools that may run twice (`look`) and that must not (`pay`).

    A call whose outcome is unknown does not end the run: the chain goes on after it.
    """
    tools = (
        PlannedTool(name="look", kind="python", effect="repeatable"),
        PlannedTool(name="pay", kind="python", effect="at_most_once"),
    )
    planned = tuple(
        PlannedStep(
            name=f"{lane}{at}",
            number=2 * at + number,
            lane=f"({lane}{at})",
            needs=(f"{lane}{at - 1}",) if at else (),
            action=ToolAction(tool="pay" if (at + number) % 2 else "look"),
            on_error="continue",
        )
        for at in range(steps)
        for number, lane in enumerate("ab", 1)
    )
    return ExecutionPlan(flow="killed", tools=tools, steps=planned)


class LedgerTools:
    """Tools that say in the ledger that they begin and that they end."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    async def run(self, tool, arguments, invocation):
        name = f"{invocation.run_id} {invocation.key.split('/')[1]}"
        os.write(self._file, f"{name} begins\n".encode())
        await asyncio.sleep(0.001)
        os.write(self._file, f"{name} ends\n".encode())
        return ToolSucceeded(value=name, text=name)


async def run_for_ever(folder: Path, steps: int) -> None:
    """Execute run after run."""
    plan = killed_plan(steps)
    prepared, tools = prepare_plan(plan), LedgerTools(folder / "ledger.txt")

    async def carry(scope, given, inputs, setting):
        return await interpret_flow(
            scope,
            prepared,
            runtime=ToldRuntime({}),
            tools=tools,
            inputs=inputs,
            setting=setting,
        )

    database = open_database(folder / "store.db", holder="killed")
    engine = JournalEngine(database, SystemClock(), carry)
    heads = engine.list()
    number = len(heads) if heads and heads[0].finished_at is None else len(heads) + 1
    print("ready", flush=True)
    while True:
        run_id = f"run-{number}"
        if any(head.run_id == run_id for head in heads):
            await engine.resume(run_id, force=True)  # it is killed often, and not its own fault
        else:
            await engine.start(run_id, plan, {}, RunSetting(environment={}, origin={}))
        await engine.wait(run_id)
        number += 1


if __name__ == "__main__":
    asyncio.run(run_for_ever(Path(sys.argv[1]), int(sys.argv[2])))
