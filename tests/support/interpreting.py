"""A runtime and tools that do what a test tells them, and a way to interpret a plan with them."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowrun.clock import ManualClock, SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.errors import RunConflict
from flowrun.events.records import Event
from flowrun.interpreter.flow import interpret_flow
from flowrun.interpreter.state import prepare_plan
from flowrun.plan.plan import (
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedThread,
    PlannedTool,
)
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
    where it stood, or says again how it ended. It outlives the lives of a flow run, as a server
    elsewhere would.
    """

    stops: dict[str, list]
    assistants: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    submitted: list = field(default_factory=list)
    cancelled: list = field(default_factory=list)
    runs: dict = field(default_factory=dict)
    ends: dict = field(default_factory=dict)
    """How runs ended, by id."""
    streaming: int = 0
    """Streams that nobody has closed yet."""
    pop_ended: bool = False
    """Whether an end that is told is told once, so that the next run has the next stop."""
    capabilities = RuntimeCapabilities(frozenset(), frozenset(), keyed_threads=True)

    async def put_assistant(self, definition):
        self.assistants.append(definition)
        return f"asst_{definition.name}"

    async def open_thread(self, label, metadata=()):
        return f"thread_{label}"

    async def start_run(self, request):
        new = request.label not in self.runs
        if new:
            self.requests.append(request)
            self.runs[request.label] = f"run_{len(self.runs)}"
        run_id = self.runs[request.label]
        with self._streaming():
            yield RunBegan(run_id)
            for event in self._go_on(run_id, request.assistant_id.removeprefix("asst_")):
                yield event

    async def submit_tool_outputs(self, thread_id, run_id, outputs):
        self.submitted.append([(one.call_id, one.output) for one in outputs])
        assistant = next(
            one.assistant_id.removeprefix("asst_")
            for one in self.requests
            if self.runs[one.label] == run_id
        )
        self.stops[assistant].pop(0)
        with self._streaming():
            for event in self._go_on(run_id, assistant):
                yield event

    @contextmanager
    def _streaming(self):
        self.streaming += 1
        try:
            yield
        finally:
            self.streaming -= 1

    def _go_on(self, run_id, assistant):
        if run_id in self.ends:
            yield self.ends[run_id]
            return
        stop = self.stops[assistant][0]
        if isinstance(stop, tuple):
            yield RunRequiresAction(run_id, stop)
            return
        if isinstance(stop, RunEnded):
            if self.pop_ended:
                self.stops[assistant].pop(0)
            self.ends[run_id] = replace(stop, run_id=run_id)
        else:
            self.stops[assistant].pop(0)
            self.ends[run_id] = RunEnded(
                run_id=run_id,
                status="completed",
                messages=(stop,),
                usage=TokenUsage(10, 5, 15),
            )
            yield RunTextDelta("msg", stop)
        yield self.ends[run_id]

    async def cancel(self, thread_id, run_id):
        self.cancelled.append(run_id)
        return self.ends.setdefault(run_id, RunEnded(run_id=run_id, status="cancelled")).usage


class HangingRuntime(ToldRuntime):
    """A runtime whose runs begin and never come to their next stop."""

    async def start_run(self, request):
        async for event in super().start_run(request):
            yield event
            await asyncio.Event().wait()


@dataclass
class ToldTools:
    """Tools that are functions from arguments to a value, or to an outcome."""

    functions: Mapping[str, Callable]
    calls: list = field(default_factory=list)
    keys: list = field(default_factory=list)
    """Plan paths that idempotency keys were derived from."""

    async def run(self, tool, arguments, invocation):
        self.calls.append((tool, dict(arguments)))
        self.keys.append(invocation.key)
        value = self.functions[tool](**arguments)
        if asyncio.iscoroutine(value):
            value = await value
        if isinstance(value, ToolSucceeded | ToolFailed):
            return value
        return ToolSucceeded(value=value, text=str(value))

    def of(self, flow):
        """Sub-flows have the same tools."""
        return self

    async def end_orphans(self, run_id):
        """Functions leave no processes."""
        return 0


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


@dataclass(kw_only=True)
class Stage:
    """What the lives of one run share: where it is kept, and the world around it.

    `watch` sees every event as it happens; whatever it raises ends that life there and then.
    """

    folder: Path
    plan: ExecutionPlan
    runtime: object = field(default_factory=lambda: ToldRuntime({}))
    tools: object = field(default_factory=lambda: ToldTools({}))
    inputs: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    only: str = ""
    recorded: tuple = ()
    clock: object = field(default_factory=SystemClock)
    watch: Callable | None = None

    async def open(self, story):
        """Tell a story about an engine on the store of the folder: `story(engine)`."""
        database = open_database(self.folder / "store.db", holder="test", durability="process")
        prepared = prepare_plan(self.plan)

        async def carry(scope, given, inputs, setting):
            return await interpret_flow(
                scope,
                prepared,
                runtime=self.runtime,
                tools=self.tools,
                inputs=inputs,
                setting=setting,
            )

        engine = JournalEngine(database, self.clock, carry)
        if self.watch is not None:
            engine.watch(lambda _, stamped: self.watch(stamped))
        try:
            return await story(engine)
        finally:
            database.close()

    async def start(self, engine):
        """Start the run, or go on with it when it was started before."""
        setting = RunSetting(environment=self.environment, origin={}, only=self.only)
        await engine.start("run-1", self.plan, self.inputs, setting, self.recorded)

    def later(self, seconds):
        """Let time pass while nobody executes the run: the next life has a clock of its own."""
        self.clock = ManualClock(self.clock.now() + seconds)

    def live(self, *, resume=False, answers=None) -> "Interpreted":
        """One life of the run, until it stops; what people say is there when it is asked for."""

        async def story(engine):
            if not resume:
                await self.start(engine)
            for question, value in (answers or {}).items():
                with suppress(RunConflict):  # the run is over
                    await engine.send(
                        "run-1", question, value, message_id=f"m-{question}", sender="Ann"
                    )
            if resume:
                await engine.resume("run-1")
            return told(engine, await engine.wait("run-1"))

        return asyncio.run(self.open(story))


def told(engine, head):
    """Return how a run stands."""
    return Interpreted(head, tuple(one.event for one in engine.events("run-1")))


def interpret(
    folder: Path, plan: ExecutionPlan, *, resume=False, answers=None, **world
) -> Interpreted:
    """Run a plan on the journal engine in `folder` until it stops; see `Stage` for the world."""
    given = {name: value for name, value in world.items() if value is not None}
    return Stage(folder=folder, plan=plan, **given).live(resume=resume, answers=answers)


def talk_plan(*steps, tools=("look",), on_error="tell_model", effect="at_most_once", **assistant):
    """A plan of assistant steps `(name, thread, message)` of one assistant `guide`."""
    planned = tuple(
        PlannedStep(
            name=name,
            number=number,
            lane=thread or f"({name})",
            needs=(steps[number - 2][0],) if number > 1 else (),
            action=AssistantAction(assistant="guide", thread=thread, message=message),
        )
        for number, (name, thread, message) in enumerate(steps, 1)
    )
    return ExecutionPlan(
        flow="test",
        tools=tuple(
            PlannedTool(name=name, kind="python", on_error=on_error, effect=effect)
            for name in tools
        ),
        assistants=(PlannedAssistant(name="guide", model="m", tools=tools, **assistant),),
        threads=(PlannedThread(name="talk"),),
        steps=planned,
        outputs=tuple((name, f"{{{{ steps.{name}.output }}}}") for name, _, _ in steps),
    )
