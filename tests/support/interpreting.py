"""A runtime and tools that do what a test tells them, and a way to interpret a plan with them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.events.records import Event
from flowrun.interpreter.flow import interpret_flow
from flowrun.interpreter.state import prepare_plan
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import FlowRunHead, RunSetting
from flowrun.ports.models import TokenUsage
from flowrun.ports.runtime import (
    RunBegan,
    RunEnded,
    RunRequiresAction,
    RunTextDelta,
    RuntimeCapabilities,
)
from flowrun.ports.tools import ToolFailed, ToolSucceeded
from flowrun.storage.database import open_database


@dataclass
class ToldRuntime:
    """Runs whose stops are told in advance, by assistant: each a text, or a tuple of calls.

    Labels are kept like a real runtime keeps them: the same label finds the same run and goes on
    where it stood.
    """

    stops: dict[str, list]
    requests: list = field(default_factory=list)
    submitted: list = field(default_factory=list)
    cancelled: list = field(default_factory=list)
    runs: dict = field(default_factory=dict)
    pop_ended: bool = False
    """Whether an end that is told is told once, so that the next run has the next stop."""
    capabilities = RuntimeCapabilities(frozenset(), frozenset(), keyed_threads=True)

    async def put_assistant(self, definition):
        return f"asst_{definition.name}"

    async def open_thread(self, label, metadata=()):
        return f"thread_{label}"

    async def start_run(self, request):
        new = request.label not in self.runs
        if new:
            self.requests.append(request)
            self.runs[request.label] = f"run_{len(self.runs)}"
        run_id = self.runs[request.label]
        yield RunBegan(run_id)
        async for event in self._go_on(run_id, request.assistant_id.removeprefix("asst_")):
            yield event

    async def submit_tool_outputs(self, thread_id, run_id, outputs):
        self.submitted.append([(one.call_id, one.output) for one in outputs])
        assistant = next(
            one.assistant_id.removeprefix("asst_")
            for one in self.requests
            if self.runs[one.label] == run_id
        )
        self.stops[assistant].pop(0)
        async for event in self._go_on(run_id, assistant):
            yield event

    async def _go_on(self, run_id, assistant):
        stop = self.stops[assistant][0]
        if isinstance(stop, tuple):
            yield RunRequiresAction(run_id, stop)
        elif isinstance(stop, RunEnded):
            if self.pop_ended:
                self.stops[assistant].pop(0)
            yield replace(stop, run_id=run_id)
        else:
            self.stops[assistant].pop(0)
            yield RunTextDelta("msg", stop)
            yield RunEnded(
                run_id=run_id,
                status="completed",
                messages=(stop,),
                usage=TokenUsage(10, 5, 15),
            )

    async def cancel(self, thread_id, run_id):
        self.cancelled.append(run_id)


@dataclass
class ToldTools:
    """Tools that are functions from arguments to a value, or to an outcome."""

    functions: Mapping[str, Callable]
    calls: list = field(default_factory=list)

    async def run(self, tool, arguments, invocation):
        self.calls.append((tool, dict(arguments)))
        value = self.functions[tool](**arguments)
        if asyncio.iscoroutine(value):
            value = await value
        if isinstance(value, ToolSucceeded | ToolFailed):
            return value
        return ToolSucceeded(value=value, text=str(value))


@dataclass(frozen=True)
class Interpreted:
    """How an interpreted run ended."""

    head: FlowRunHead
    events: tuple[Event, ...]

    def step(self, name: str):
        """Return a step's result record."""
        return next(
            one for one in self.events if type(one).__name__ == "StepFinished" and one.step == name
        )

    def of(self, kind: type):
        """Return the events of one class."""
        return [one for one in self.events if isinstance(one, kind)]

    @property
    def last(self):
        """Return the terminal event."""
        return self.events[-1]


def interpret(
    folder: Path,
    plan: ExecutionPlan,
    *,
    runtime=None,
    tools=None,
    inputs=None,
    environment=None,
    resume=False,
) -> Interpreted:
    """Run a plan on the journal engine in `folder` until it stops."""

    async def go():
        database = open_database(folder / "store.db", holder="test")
        prepared = prepare_plan(plan)

        async def carry(scope, given, inputs, environment):
            return await interpret_flow(
                scope,
                prepared,
                runtime=runtime or ToldRuntime({}),
                tools=tools or ToldTools({}),
                inputs=inputs,
                environment=environment,
            )

        engine = JournalEngine(database, SystemClock(), carry)
        try:
            if resume:
                await engine.resume("run-1")
            else:
                setting = RunSetting(environment=environment or {}, origin={})
                await engine.start("run-1", plan, inputs or {}, setting)
            head = await engine.wait("run-1")
            return Interpreted(head, tuple(one.event for one in engine.events("run-1")))
        finally:
            database.close()

    return asyncio.run(go())
