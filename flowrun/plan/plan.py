"""The execution plan: everything a run needs, and nothing it must look up elsewhere.

A plan is frozen and canonical: one JSON text, one digest. It is stored with the run that executes
it, so that a resumed run does what was reviewed whatever happened to the files since.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowrun.ids import JsonObject, JsonValue

PLAN_ABI = 2
"""Raised when the meaning of a stored plan changes; the interpreter accepts this and the last."""

Effect = Literal["repeatable", "keyed", "probe", "at_most_once"]
ToolErrorPolicy = Literal["tell_model", "fail"]
UnknownPolicy = Literal["ask", "fail", "tell_model"]
Approval = Literal["never", "always"]
StepErrorPolicy = Literal["fail", "continue"]
Join = Literal["all", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRetry:
    """How often something is tried, and how long is waited in between."""

    attempts: int
    """Tries in all, the first included."""
    delay_s: float = 1.0
    """Before the second try."""
    backoff: float = 2.0
    """By what the delay grows from one try to the next."""
    max_delay_s: float = 60.0
    on: tuple[str, ...] = ()
    """Codes of failures that are worth another try; empty for all that may pass by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedForeach:
    """Once for every item of a list."""

    items: JsonValue
    """An expression, or a list with templates in any text."""
    max_parallel: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRepeat:
    """Again and again, until it is good enough."""

    until: str
    """An expression, evaluated after each iteration; `steps.NAME` is that iteration's result."""
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLimits:
    """What a run may use; reaching one ends it. None is without limit."""

    max_tokens: int | None = None
    max_cost_usd: float | None = None
    max_tool_rounds: int | None = None
    """Of one assistant run's requires-action rounds, for each step."""
    max_parallel: int | None = None
    """Steps and items at work at the same time."""
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPrices:
    """US dollars for a million tokens of a model."""

    input: float
    output: float
    cached_input: float | None = None
    """None when cached prompt tokens cost what others do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTool:
    """One tool, complete: how a model sees it and how it is run."""

    name: str
    kind: Literal["python", "shell", "script"]
    description: str = ""
    parameters: JsonObject = field(default_factory=dict)
    """JSON Schema of the arguments, an object schema."""
    entrypoint: str = ""
    """`module:function`, for python."""
    source_digest: str = ""
    """SHA-256 of the module's file, for python: what runs is what was reviewed."""
    argv: tuple[str, ...] = ()
    """Templates over `args`, one argument each, for shell."""
    script: str = ""
    """Text for `sh -eu`, never rendered, for script."""
    env: tuple[tuple[str, str], ...] = ()
    """Environment beyond PATH, HOME and LANG: name and value. The value is a plain text,
    `${env:NAME}` (passed on from flowrun's own environment) or `${secret:NAME}`."""
    cwd: str = "."
    """Relative to the project."""
    timeout_s: float = 60.0
    max_output: int = 65536
    """Bytes kept of each output stream; what was cut is said."""
    effect: Effect = "at_most_once"
    probe: str = ""
    """Name of the tool that tells whether this one's effect happened, for `effect: probe`."""
    on_unknown: UnknownPolicy = "ask"
    """What follows when a crash hides whether an `at_most_once` call happened."""
    approval: Approval = "never"
    retry: PlannedRetry | None = None
    on_error: ToolErrorPolicy = "tell_model"
    result: JsonObject | None = None
    """JSON Schema of the returned value where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAssistant:
    """One assistant with the run options that go with it."""

    name: str
    model: str
    """As the endpoint knows it: aliases are resolved when the plan is made."""
    endpoint: str = ""
    """Name of an endpoint of the project; empty for the default one."""
    instructions: str = ""
    """A template over `inputs`, `env` and `run`."""
    description: str = ""
    tools: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    response_format: JsonValue = None
    """As the Assistants API has it; None for text."""
    output: JsonObject | None = None
    """JSON Schema that answers are held to; None for text."""
    metadata: tuple[tuple[str, str], ...] = ()
    tool_choice: JsonValue = None
    parallel_tool_calls: bool | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    truncation: JsonObject | None = None
    prices: PlannedPrices | None = None
    """Of its model, from the project file; None when the project names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedThread:
    """One named thread."""

    name: str
    key: str = ""
    """A template over `inputs`, `env` and `run`; executions with equal keys share the thread."""
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantAction:
    """Take one run of an assistant on a thread."""

    assistant: str
    thread: str | None = None
    """Name of a thread; None for a private one."""
    message: str = ""
    """A template; empty when the thread already says what is wanted."""
    overrides: JsonObject = field(default_factory=dict)
    """Run options of this step alone, under the names of `PlannedAssistant`'s fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAction:
    """Call one tool."""

    tool: str
    arguments: JsonObject = field(default_factory=dict)
    """Templates in any text; a text that is one expression keeps its native type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAction:
    """Run another flow as one step."""

    path: str
    """Of the flow's file, from the project root."""
    plan: "ExecutionPlan"
    inputs: JsonObject = field(default_factory=dict)
    """Templates in any text; a text that is one expression keeps its native type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAction:
    """Ask a person."""

    message: str
    """A template."""
    schema: JsonObject | None = None
    """JSON Schema, an object schema, of the form to be filled in; None to approve or reject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAction:
    """Compute values."""

    values: JsonObject
    """Templates in any text; a text that is one expression keeps its native type."""


Action: TypeAlias = AssistantAction | ToolAction | FlowAction | AskAction | SetAction


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step, its place in the order and what it waits for."""

    name: str
    number: int
    """From 1, in an order that every dependency respects and that is the same on every machine."""
    lane: str
    """The thread's name, or the step's own name in parentheses."""
    needs: tuple[str, ...] = ()
    """Steps that it builds on, in plan order: declared or referred to. How they ended decides
    whether it runs; see `interpreter.readiness`."""
    after: tuple[str, ...] = ()
    """Steps that must only be over, however they ended: those before it on its thread."""
    action: Action
    on_error: StepErrorPolicy = "fail"
    join: Join = "all"
    condition: str = ""
    """`if`: an expression; empty for always."""
    foreach: PlannedForeach | None = None
    repeat: PlannedRepeat | None = None
    retry: PlannedRetry | None = None
    timeout_s: float | None = None
    """For one try of one item, of one iteration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPlan:
    """A compiled flow."""

    flow: str
    inputs: tuple[tuple[str, JsonObject], ...] = ()
    """Name and JSON Schema; an input whose schema has no `default` is required."""
    env: tuple[str, ...] = ()
    """Environment names that expressions may read."""
    tools: tuple[PlannedTool, ...] = ()
    assistants: tuple[PlannedAssistant, ...] = ()
    threads: tuple[PlannedThread, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    outputs: tuple[tuple[str, JsonValue], ...] = ()
    """Name and template, evaluated when every step has finished."""
    limits: PlannedLimits = PlannedLimits()
    abi: int = PLAN_ABI

    def all_plans(self) -> Iterator["ExecutionPlan"]:
        """Yield this plan and those of its sub-flows, to any depth."""
        yield self
        for step in self.steps:
            if isinstance(step.action, FlowAction):
                yield from step.action.plan.all_plans()

    def tool(self, name: str) -> PlannedTool:
        """Return a tool by name."""
        return next(one for one in self.tools if one.name == name)

    def assistant(self, name: str) -> PlannedAssistant:
        """Return an assistant by name."""
        return next(one for one in self.assistants if one.name == name)
