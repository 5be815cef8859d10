"""One measurement in a process of its own: `python -m tests.bench.work WORKLOAD WHO [PORT]`.

Prints one JSON line: CPU and wall milliseconds of the work alone, with imports, compilation and
connections made before the clock starts.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from flowrun.assistants.service import AssistantsService
from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.interpreter.flow import interpret_flow
from flowrun.interpreter.state import prepare_plan
from flowrun.models.endpoint import Endpoint
from flowrun.models.open import open_model
from flowrun.plan.plan import (
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedTool,
    ToolAction,
)
from flowrun.ports.engine import RunSetting
from flowrun.runtimes.local import LocalRuntime
from flowrun.source.collector import spare_what_is_here
from flowrun.storage.database import open_database
from flowrun.tools.runner import load_tools
from tests.bench import floors

CHAIN, FAN, RUNS, RUN_STEPS = 200, 500, 200, 5
ROUNDS, CONVERSATIONS, CONVERSATION_ROUNDS = 20, 100, 3

Work = Callable[[], Awaitable[object]]

TOOLS = '''
async def noop() -> str:
    """Do nothing."""
    return "ok"


async def lookup(city: str) -> str:
    """Look a city up."""
    return f"{city}: sunny"
'''


def tool(name: str, **schema: object) -> PlannedTool:
    """Return a python tool of the bench's module."""
    parameters = {"type": "object", "properties": schema, "additionalProperties": False}
    return PlannedTool(
        name=name,
        kind="python",
        entrypoint=f"bench_tools:{name}",
        description="Look a city up.",
        parameters=parameters,
        effect="repeatable",
    )


def tool_plan(edges: Mapping[str, tuple[str, ...]]) -> ExecutionPlan:
    """Return a plan of no-op tool steps; each refers to its first need, as flows do."""
    steps = tuple(
        PlannedStep(
            name=name, number=number, lane=f"({name})", needs=needs, action=ToolAction(tool="noop")
        )
        for number, (name, needs) in enumerate(edges.items(), 1)
    )
    last = steps[-1].name
    return ExecutionPlan(
        flow="bench",
        tools=(tool("noop"),),
        steps=steps,
        outputs=(("last", f"{{{{ steps.{last}.output }}}}"),),
    )


def chain_plan(length: int) -> ExecutionPlan:
    """Return a chain."""
    return tool_plan({f"s{n}": (f"s{n - 1}",) if n else () for n in range(length)})


def fan_plan(width: int) -> ExecutionPlan:
    """Return one, then many, then one."""
    middle = {f"s{n}": ("first",) for n in range(width)}
    return tool_plan({"first": (), **middle, "last": tuple(middle)})


def talk_plan() -> ExecutionPlan:
    """Return one assistant step with one tool."""
    assistant = PlannedAssistant(name="guide", model="bench", tools=("lookup",))
    action = AssistantAction(assistant="guide", message="How is the weather?")
    return ExecutionPlan(
        flow="bench",
        tools=(tool("lookup", city={"type": "string"}),),
        assistants=(assistant,),
        steps=(PlannedStep(name="talk", number=1, lane="(talk)", action=action),),
        outputs=(("answer", "{{ steps.talk.output }}"),),
    )


async def flowrun_work(
    folder: Path, plan: ExecutionPlan, runs: int, port: str, warm: ExecutionPlan | None
) -> Work:
    """Wire an engine as `flowrun execute` does and return the work of `runs` runs at once."""
    (folder / "bench_tools.py").write_text(TOOLS)
    tools = load_tools(
        plan.tools,
        root=folder,
        flow_dir=folder,
        tool_paths=[],
        environment={"PATH": "/usr/bin:/bin"},
        secrets=str,
    )
    assert not isinstance(tools, tuple), tools
    clock = SystemClock()
    endpoint = Endpoint(name="bench", base_url=f"http://127.0.0.1:{port or 1}/v1", api_key="k" * 8)
    model = open_model(endpoint, clock=clock)
    database = open_database(folder / "store.db", holder="bench")
    runtime = LocalRuntime(AssistantsService(database, lambda name: model, clock))
    prepared = {id(one): prepare_plan(one) for one in (plan, warm) if one}

    async def interpret(scope, given, inputs, setting):
        return await interpret_flow(
            scope,
            prepared[id(given)],
            runtime=runtime,
            tools=tools,
            inputs=inputs,
            setting=setting,
        )

    engine = JournalEngine(database, clock, interpret)
    setting = RunSetting(environment={}, origin={})

    async def one(run_id: str, what: ExecutionPlan) -> None:
        await engine.start(run_id, what, {}, setting)
        head = await engine.wait(run_id)
        assert head.status == "completed", head

    async def work() -> None:
        await asyncio.gather(*[one(f"run-{number}", plan) for number in range(runs)])

    if warm:
        await one("warm", warm)
    spare_what_is_here()  # as app.session does
    return work


async def client_work(loop_of: Callable[[object], Callable[[], Awaitable[str]]], count: int,
                      port: str) -> Work:  # fmt: skip
    """Return the work of `count` hand-written conversations at once."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="k", max_retries=0)
    conversation = loop_of(client)

    async def work() -> None:
        await asyncio.gather(*[conversation() for _ in range(count)])

    warm = loop_of(client)
    await warm()
    return work


PLANS = {
    "chain": lambda: (chain_plan(CHAIN), 1),
    "fan": lambda: (fan_plan(FAN), 1),
    "many": lambda: (chain_plan(RUN_STEPS), RUNS),
    "loop": lambda: (talk_plan(), 1),
    "talks": lambda: (talk_plan(), CONVERSATIONS),
}
"""By workload: the plan, and how many runs of it at once."""

BY_HAND = {
    "chain": lambda committer: floors.chain(committer, CHAIN),
    "fan": lambda committer: floors.fan_out(committer, FAN),
    "many": lambda committer: floors.many(committer, RUNS, RUN_STEPS),
}


async def prepare(workload: str, who: str, folder: Path, port: str) -> Work:
    """Return the work of one cell of the table."""
    if who == "flowrun":
        plan, runs = PLANS[workload]()
        warm = talk_plan() if port else chain_plan(3)
        return await flowrun_work(folder, plan, runs, port, warm)
    if workload in BY_HAND:
        committer = {"each": floors.EachCommit, "tick": floors.TickCommit}[who](folder)
        return lambda: BY_HAND[workload](committer)
    loop_of = {"typed": floors.typed_loop, "post": floors.post_loop}[who]
    return await client_work(loop_of, 1 if workload == "loop" else CONVERSATIONS, port)


async def measure(workload: str, who: str, port: str) -> dict[str, float]:
    """Run one cell once."""
    with tempfile.TemporaryDirectory() as folder:
        work = await prepare(workload, who, Path(folder), port)
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu_ms": cpu * 1000, "wall_ms": wall * 1000}


if __name__ == "__main__":
    workload, who, *rest = sys.argv[1:]
    print(json.dumps(asyncio.run(measure(workload, who, rest[0] if rest else ""))))
