"""What the author declared: one flow, as frozen pydantic models.

These classes are the language. Their field descriptions become `schemas/flow.schema.json` and the
hover texts of editors. They hold no places; `spec.bind` keeps those beside them.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints, Tag

from flowrun.spec.declaration import (
    FALSE,
    LIST,
    MAPPING,
    ONCE,
    SOME_TIME,
    TEXT,
    TRUE,
    Declaration,
    Duration,
    Identifier,
    Name,
    one_of_shapes,
)

ENVIRONMENT_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
EnvironmentName = Annotated[str, StringConstraints(pattern=ENVIRONMENT_NAME)]
MetadataKey = Annotated[str, StringConstraints(max_length=64)]
MetadataValue = Annotated[str, StringConstraints(max_length=512)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Field(max_length=16)]
JsonSchema = dict[str, JsonValue]
Expression = Annotated[str, StringConstraints(min_length=1)]
"""Of a template, with its braces or without."""
FailureCode = Literal[
    "endpoint", "tool", "output", "incomplete", "expired", "timeout", "runtime", "flow"
]
"""Codes of one try's failure that another may mend; see `events.StepFinished.error_code`. What
loops come to, `items` and `repeat`, is not among them: tries are inside of loops."""


class Input(Declaration):
    """One input: a small JSON Schema. Without `default` it is required."""

    type: Literal["string", "integer", "number", "boolean", "array", "object"] = Field(
        description="JSON type of the value. `--input name=value` is read by it."
    )
    description: str | None = Field(None, description="What it is, for people.")
    default: JsonValue = Field(None, description="Used when the input is not given.")
    enum: list[JsonValue] | None = Field(None, description="The only values allowed.")
    minimum: float | None = Field(None, description="Smallest number allowed.")
    maximum: float | None = Field(None, description="Largest number allowed.")
    min_length: int | None = Field(
        None, ge=0, alias="minLength", description="Shortest text allowed."
    )
    max_length: int | None = Field(
        None, ge=0, alias="maxLength", description="Longest text allowed."
    )
    pattern: str | None = Field(None, description="Regular expression that a text must contain.")
    items: JsonSchema | None = Field(None, description="JSON Schema of each item of an array.")
    properties: dict[str, JsonSchema] | None = Field(
        None, description="JSON Schemas of an object's properties."
    )
    required: list[str] | None = Field(None, description="Properties an object must have.")


class Retry(Declaration):
    """How often something that failed is tried again."""

    attempts: int = Field(ge=2, le=100, description="Tries in all, the first included.")
    delay: Duration = Field("1s", description="Before the second try.")
    backoff: float = Field(
        2.0, ge=1, le=100, description="By what the delay grows from one try to the next."
    )
    max_delay: Duration = Field("60s", description="The longest delay.")
    on: list[FailureCode] = Field(
        default_factory=list,
        min_length=1,
        description="Failures that are worth another try; without it all that may pass.",
        json_schema_extra=ONCE,
    )


class Repeat(Declaration):
    """Again, on the same thread, until it is good enough."""

    until: Expression = Field(
        description="An expression, evaluated after each iteration; `steps.NAME` is its result.",
    )
    max: int = Field(ge=1, le=1000, description="The most iterations; then the step fails.")


class Limits(Declaration):
    """What a run may use. Reaching one ends it as failed, with what there is kept."""

    max_tokens: int | None = Field(None, ge=1, description="Tokens of all its models together.")
    max_cost_usd: float | None = Field(
        None, gt=0, description="US dollars, by the `prices` of the project file."
    )
    max_tool_rounds: int | None = Field(
        None, ge=1, description="Rounds of tool calls of one assistant step."
    )
    max_parallel: int | None = Field(None, ge=1, description="Steps and items at work at a time.")
    timeout: Duration | None = Field(
        None,
        description="From its start to its end, waits included.",
        json_schema_extra=SOME_TIME,
    )


class Ask(Declaration):
    """A question to a person."""

    message: str = Field(min_length=1, description="What is asked; a template.")
    schema_: JsonSchema | None = Field(
        None,
        alias="schema",
        min_length=1,
        description="Form to be filled in: a JSON Schema object, or short, name -> schema. "
        "Without it the person approves or rejects.",
    )


class Tool(Declaration):
    """Something an assistant can call and a step can run. Exactly one of python, shell, script."""

    python: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$",
        description="`module:function`, inside the project or a `tool_paths` folder. The schema "
        "comes from the signature and the docstring unless `parameters` is given.",
    )
    shell: list[str] | None = Field(
        None,
        min_length=1,
        description="A program and its arguments, one list item each, never a shell string. "
        "`{{ args.name }}` fills exactly one argument.",
    )
    script: str | None = Field(
        None,
        description="Run by `sh -eu`. Arguments arrive as environment variables `ARG_NAME` and as "
        "JSON on standard input, never inside the text.",
    )
    description: str | None = Field(
        None, max_length=1024, description="What it does: how the model decides to call it."
    )
    parameters: JsonSchema | None = Field(
        None,
        description="Arguments: a JSON Schema object, or short, name -> schema (every one without "
        "a default is required).",
    )
    timeout: Duration = Field(
        "60s",
        description="After this long the tool is stopped, by group.",
        json_schema_extra=SOME_TIME,
    )
    env: Annotated[
        Annotated[list[EnvironmentName], Tag(LIST)]
        | Annotated[dict[EnvironmentName, str], Tag(MAPPING)],
        one_of_shapes("a list of names or a mapping of names to values"),
    ] = Field(
        default_factory=list,
        description="What of the environment it sees beside PATH, HOME and LANG: names to pass on, "
        "or name -> value, where `${secret:NAME}` is resolved at the last moment.",
    )
    cwd: str = Field(".", description="Where it runs, inside the project.")
    max_output: int = Field(
        65536, ge=1, le=16_777_216, description="Bytes kept of each output; what was cut is said."
    )
    effect: Literal["repeatable", "keyed", "probe", "at_most_once"] = Field(
        "at_most_once",
        description="Whether it may run again when a crash hides its outcome: `repeatable` always, "
        "`keyed` with the same `FLOWRUN_IDEMPOTENCY_KEY`, `probe` asks another tool first, "
        "`at_most_once` never.",
    )
    probe: Identifier | None = Field(
        None,
        description="The tool that is asked, with the same arguments, whether the effect happened.",
    )
    on_unknown: Literal["ask", "fail", "tell_model"] = Field(
        "ask",
        description="When nobody can know whether a call happened: ask a person, fail the step, or "
        "tell the model.",
    )
    retry: Retry | None = Field(None, description="Try a call that failed again.")
    approval: Literal["never", "always"] = Field(
        "never", description="Whether a person must approve each call."
    )
    on_error: Literal["tell_model", "fail"] = Field(
        "tell_model", description="A failure is told to the model, or fails the step."
    )


class TruncationStrategy(Declaration):
    """How a long thread is shortened for the model."""

    type: Literal["auto", "last_messages"] = Field(description="Drop the oldest, or keep the last.")
    last_messages: int | None = Field(None, ge=1, description="How many to keep.")


class RunOptions(Declaration):
    """Options of an assistant run; on a step they override the assistant's."""

    tool_choice: (
        Annotated[
            Annotated[Literal["none", "auto", "required"], Tag(TEXT)]
            | Annotated[JsonSchema, Tag(MAPPING)],
            one_of_shapes("`none`, `auto`, `required` or a mapping that names one tool"),
        ]
        | None
    ) = Field(
        None,
        description="`none`, `auto`, `required`, or `{type: function, function: {name: ...}}`. "
        "Applies to the first turn of a run.",
    )
    parallel_tool_calls: bool | None = Field(None, description="Allow several calls in one turn.")
    max_prompt_tokens: int | None = Field(
        None, ge=1, description="Prompt tokens over the whole run; reaching it ends it incomplete."
    )
    max_completion_tokens: int | None = Field(
        None, ge=1, description="Completion tokens over the whole run."
    )
    truncation: (
        Annotated[
            Annotated[Literal["auto"], Tag(TEXT)] | Annotated[TruncationStrategy, Tag(MAPPING)],
            one_of_shapes("`auto` or a mapping with a `type`"),
        ]
        | None
    ) = Field(None, description="How a long thread is shortened for the model.")
    output: JsonSchema | None = Field(
        None,
        description="JSON Schema of the answer. The model is held to it and the answer is checked "
        "against it; `steps.NAME.output` is then the parsed value.",
    )


class Assistant(RunOptions):
    """An assistant, with the fields of the Assistants API."""

    model: str = Field(min_length=1, description="Model name, or an alias of the project file.")
    endpoint: Name | None = Field(
        None, description="An endpoint of the project file; otherwise the default one."
    )
    instructions: str | None = Field(
        None,
        max_length=256_000,
        description="The system prompt; `{{ inputs.name }}` is filled in. `!file path` reads it "
        "from a file.",
    )
    description: str | None = Field(None, max_length=512, description="What it is for.")
    tools: list[Name] = Field(
        default_factory=list,
        max_length=128,
        description="Names of declared tools, or built-ins.",
        json_schema_extra=ONCE,
    )
    temperature: float | None = Field(None, ge=0, le=2, description="Sampling temperature.")
    top_p: float | None = Field(None, ge=0, le=1, description="Nucleus sampling.")
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = (
        Field(None, description="How long a reasoning model thinks.")
    )
    response_format: (
        Annotated[
            Annotated[Literal["auto", "text", "json_object"], Tag(TEXT)]
            | Annotated[JsonSchema, Tag(MAPPING)],
            one_of_shapes("`auto`, `text`, `json_object` or a mapping with a `type`"),
        ]
        | None
    ) = Field(
        None, description="As in the Assistants API; `output` is the shorter way to a schema."
    )
    metadata: Metadata = Field(default_factory=dict, description="16 pairs, 64 and 512 characters.")


class Thread(Declaration):
    """A named conversation. Steps on it run one after the other, in file order."""

    key: str | None = Field(
        None,
        min_length=1,
        description="A template; executions with the same key continue the same thread.",
    )
    metadata: Metadata = Field(default_factory=dict, description="16 pairs, 64 and 512 characters.")


class Step(RunOptions):
    """One unit of work. Exactly one kind: `assistant`, `tool`, `flow`, `ask` or `set`."""

    assistant: Name | None = Field(None, description="Take one run of this assistant.")
    thread: Name | None = Field(
        None, description="The thread it runs on; without one the step has a thread of its own."
    )
    message: str | None = Field(None, description="The user message that the thread is given.")
    tool: Identifier | None = Field(None, description="Run this tool.")
    with_: dict[str, JsonValue] | None = Field(
        None,
        alias="with",
        description="Arguments of the tool, or inputs of the flow; texts are templates.",
    )
    flow: str | None = Field(
        None, min_length=1, description="Run another flow: its file, relative to this one."
    )
    ask: Ask | None = Field(None, description="Ask a person and wait for the answer.")
    set_: dict[Identifier, JsonValue] | None = Field(
        None, alias="set", min_length=1, description="Compute values; texts are templates."
    )
    if_: (
        Annotated[
            Annotated[Expression, Tag(TEXT)]
            | Annotated[Literal[True], Tag(TRUE)]
            | Annotated[Literal[False], Tag(FALSE)],
            one_of_shapes("an expression, `true` or `false`"),
        ]
        | None
    ) = Field(None, alias="if", description="An expression; when it is false the step is skipped.")
    join: Literal["all", "any"] = Field(
        "all",
        description="Run when all it builds on was done, or, with `any`, when at least one was.",
    )
    foreach: (
        Annotated[
            Annotated[Expression, Tag(TEXT)] | Annotated[list[JsonValue], Tag(LIST)],
            one_of_shapes("an expression or a list"),
        ]
        | None
    ) = Field(
        None,
        description="Once for each item of a list: `item` and `index`. The output is a list.",
    )
    max_parallel: int | None = Field(
        None, ge=1, le=1000, description="Items of `foreach` at work at a time; otherwise 10."
    )
    repeat: Repeat | None = Field(None, description="Again until it is good enough.")
    retry: Retry | None = Field(None, description="Try again when it fails.")
    timeout: Duration | None = Field(
        None,
        description="For one try, from its beginning, waits included; then the step fails.",
        json_schema_extra=SOME_TIME,
    )
    description: str | None = Field(None, description="What it is for, for people.")
    needs: list[Identifier] = Field(
        default_factory=list,
        description="Steps that must finish first, beside those it refers to.",
        json_schema_extra=ONCE,
    )
    on_error: Literal["fail", "continue"] = Field(
        "fail", description="A failure ends the run, or goes on with `steps.NAME.error` set."
    )


class Flow(Declaration):
    """A flow: one file, read from top to bottom."""

    version: Literal[1] = Field(description="Version of this language.")
    name: Name = Field(description="Name of the flow.")
    description: str | None = Field(None, description="What it is for, for people.")
    include: list[str] = Field(
        default_factory=list, description="Files whose assistants, tools and threads are added."
    )
    inputs: dict[Identifier, Input] = Field(default_factory=dict, description="What it is given.")
    env: list[EnvironmentName] = Field(
        default_factory=list,
        description="Environment variables that expressions may read as `env.NAME`.",
    )
    tools: dict[Identifier, Tool] = Field(default_factory=dict, description="Tools, by name.")
    assistants: dict[Name, Assistant] = Field(
        default_factory=dict, description="Assistants, by name."
    )
    threads: dict[Name, Thread] = Field(default_factory=dict, description="Threads, by name.")
    limits: Limits = Field(default_factory=Limits, description="What a run may use.")
    steps: dict[Identifier, Step] = Field(
        description="Steps, by name, at least one.", json_schema_extra={"minProperties": 1}
    )
    outputs: dict[Identifier, JsonValue] = Field(
        default_factory=dict, description="What the run gives back; texts are templates."
    )


NOT_YET: dict[str, frozenset[str]] = {
    "assistant": frozenset({"knowledge", "files"}),
}
"""Keys that belong to the language and that this release refuses, saying so at their place."""

BUILT_IN_TOOLS = frozenset({"file_search", "code_interpreter"})
"""Names that need no declaration; not available yet."""
