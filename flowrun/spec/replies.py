"""What a scripted model answers: reviewed replies, first match wins."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue, Tag

from flowrun.spec.declaration import (
    LIST,
    MAPPING,
    TEXT,
    TRUE,
    Declaration,
    Duration,
    Name,
    one_of_shapes,
)
from flowrun.spec.grammar import Fault, Grammar, Place
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath
from flowrun.spec.version import version_faults


class When(Declaration):
    """Conditions of a reply; all that are given must hold."""

    assistant: Name | None = Field(None, description="The assistant that speaks.")
    model: str | None = Field(None, description="The model asked for.")
    user: str | None = Field(
        None, description="Part of the last user message; small and capital letters are the same."
    )
    after: (
        Annotated[
            Annotated[str, Tag(TEXT)]
            | Annotated[list[str], Tag(LIST)]
            | Annotated[Literal[True], Tag(TRUE)],
            one_of_shapes("a tool's name, a list of names or `true`"),
        ]
        | None
    ) = Field(
        None, description="The turn follows outputs of this tool, of all these tools, or of any."
    )
    output: str | None = Field(None, description="Part of one of those outputs.")
    turn: int | None = Field(
        None, ge=0, description="Turns of the model since the last user message, from 0."
    )


class ScriptedCall(Declaration):
    """A tool call that the model makes."""

    tool: str = Field(min_length=1, description="Name of the tool, declared or not.")
    arguments: Annotated[
        Annotated[str, Tag(TEXT)] | Annotated[dict[str, JsonValue], Tag(MAPPING)],
        one_of_shapes("a mapping, or a text that is sent as it is"),
    ] = Field(
        default_factory=dict,
        description="A mapping, or a text that is sent as it is, valid JSON or not.",
    )
    id: str | None = Field(None, min_length=1, description="Its id; otherwise one is made up.")


class ScriptedError(Declaration):
    """A failure of the endpoint instead of an answer."""

    status: int = Field(ge=400, le=599, description="HTTP status.")
    code: str | None = Field(None, description="Error code, such as `rate_limit_exceeded`.")
    message: str | None = Field(None, description="What the endpoint says.")
    retry_after: float | None = Field(None, ge=0, description="Seconds until another try helps.")


class ScriptedUsage(Declaration):
    """Tokens to be reported."""

    prompt_tokens: int = Field(ge=0, description="Tokens of the prompt.")
    completion_tokens: int = Field(ge=0, description="Tokens of the answer.")


class Reply(Declaration):
    """One answer and when it is given. At least one of say, call and error."""

    when: When = Field(default_factory=When, description="When it is given; otherwise always.")
    say: str | None = Field(None, description="What the model says.")
    call: list[ScriptedCall] = Field(
        default_factory=list, min_length=1, description="Tool calls that it makes, all in one turn."
    )
    error: ScriptedError | None = Field(None, description="The endpoint fails instead.")
    usage: ScriptedUsage | None = Field(
        None, description="Tokens reported; otherwise words are counted."
    )
    chunk: int = Field(16, ge=1, description="Characters in each streamed piece.")
    delay: Duration | None = Field(None, description="Wait between pieces.")
    cut: int | None = Field(
        None, ge=0, description="The stream ends without a finish after so many pieces."
    )
    finish: Literal["stop", "length", "content_filter"] | None = Field(
        None, description="Why the answer ends, when not of its own accord."
    )
    times: int | None = Field(None, ge=1, description="It answers at most so often.")


class Replies(Declaration):
    """A script for a model: the file `NAME.replies.yaml` beside a flow."""

    version: Literal[1] = Field(description="Version of this file's language.")
    replies: list[Reply] = Field(
        description="Replies, in order; the first that fits is given.", min_length=1
    )


def _rules(file: Mapping[str, Plain]) -> Iterator[Fault]:
    yield from version_faults(file, "the replies file")
    replies = file.get("replies")
    if isinstance(replies, list):
        for number, one in enumerate(replies):
            if isinstance(one, dict):
                yield from _answer_faults(("replies", number), one)


def _answer_faults(path: DocPath, reply: Mapping[str, Plain]) -> Iterator[Fault]:
    """A reply answers: with words, with calls, with both, or with an error."""
    noun = REPLIES_GRAMMAR.noun(path)
    if not {"say", "call", "error"} & set(reply):
        yield Fault(
            path=path,
            code="bind/missing-key",
            message=f"{noun} must have one of `say`, `call` and `error`, found none",
            at="opening",
            hint="add `say:` with what the model answers",
            loses=path,
        )
    for key in ("say", "call"):
        if key in reply and "error" in reply:
            yield Fault(
                path=(*path, key),
                code="bind/one-kind",
                message=f"{noun} must answer or fail, found `{key}` and `error`",
                at="key",
                hint="keep one of them",
                related=(((*path, "error"), "it fails here"),),
                loses=path,
            )


def _is_free(path: DocPath) -> bool:
    return path[2:3] == ("call",) and path[4:5] == ("arguments",) and len(path) > 5


REPLIES_GRAMMAR = Grammar(
    model=Replies,
    places=(
        Place((), "the replies file", Replies),
        Place(("replies", "*"), "reply {}", Reply),
        Place(("replies", "*", "when"), "`when` of reply {}", When),
        Place(("replies", "*", "call", "*"), "call {} of reply {}", ScriptedCall),
        Place(("replies", "*", "error"), "`error` of reply {}", ScriptedError),
        Place(("replies", "*", "usage"), "`usage` of reply {}", ScriptedUsage),
    ),
    sections=frozenset(),
    lists=frozenset(("replies",)),
    placeholders={"version": 1},
    free=_is_free,
    rules=_rules,
)
