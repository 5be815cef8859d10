"""What the author declared: one flow, as frozen pydantic models.

These classes are the language. Their field descriptions become `schemas/flow.schema.json` and the
hover texts of editors. They hold no places; `spec.bind` keeps those beside them.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints, Tag

from flowrun.spec.declaration import (
    LIST,
    MAPPING,
    TEXT,
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
    timeout: Duration = Field("60s", description="After this long the tool is stopped, by group.")
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
        description="Whether it may run again when a crash hides its outcome. `at_most_once` "
        "never does.",
    )
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
        default_factory=list, max_length=128, description="Names of declared tools, or built-ins."
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
    """One unit of work. Exactly one kind: `assistant` or `tool`."""

    assistant: Name | None = Field(None, description="Take one run of this assistant.")
    thread: Name | None = Field(
        None, description="The thread it runs on; without one the step has a thread of its own."
    )
    message: str | None = Field(None, description="The user message that the thread is given.")
    tool: Identifier | None = Field(None, description="Run this tool.")
    with_: dict[str, JsonValue] | None = Field(
        None, alias="with", description="Arguments of the tool; texts are templates."
    )
    description: str | None = Field(None, description="What it is for, for people.")
    needs: list[Identifier] = Field(
        default_factory=list,
        description="Steps that must finish first, beside those it refers to.",
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
    steps: dict[Identifier, Step] = Field(
        description="Steps, by name, at least one.", json_schema_extra={"minProperties": 1}
    )
    outputs: dict[Identifier, JsonValue] = Field(
        default_factory=dict, description="What the run gives back; texts are templates."
    )


NOT_YET: dict[str, frozenset[str]] = {
    "flow": frozenset({"limits"}),
    "step": frozenset(
        {
            "if",
            "join",
            "foreach",
            "max_parallel",
            "repeat",
            "flow",
            "ask",
            "set",
            "retry",
            "timeout",
        }
    ),
    "tool": frozenset({"retry"}),
    "assistant": frozenset({"knowledge", "files"}),
}
"""Keys that belong to the language and that this release refuses, saying so at their place."""

BUILT_IN_TOOLS = frozenset({"file_search", "code_interpreter"})
"""Names that need no declaration; not available yet."""
