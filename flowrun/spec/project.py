"""What a project declares about its surroundings: endpoints, models, where things are."""

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from flowrun.ids import duration_s
from flowrun.source.diagnostic import Diagnostic, suggest
from flowrun.source.document import Document
from flowrun.source.nodes import UNKNOWN
from flowrun.spec.declaration import SOME_TIME, Declaration, Duration, Name
from flowrun.spec.durations import limit_faults
from flowrun.spec.grammar import Fault, Grammar, Place
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath, SpanIndex
from flowrun.spec.version import version_faults
from flowrun.spec.wording import clip


class Timeouts(Declaration):
    """How long an endpoint may take."""

    connect: Duration = Field("10s", description="To be reached.", json_schema_extra=SOME_TIME)
    read: Duration = Field(
        "600s", description="Between two pieces of an answer.", json_schema_extra=SOME_TIME
    )


class Endpoint(Declaration):
    """A place that answers for models."""

    base_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+",
        description="Address up to and with `/v1`; without it OpenAI's own.",
    )
    api_key: str | None = Field(
        None,
        min_length=1,
        description="`${secret:NAME}` or `${NAME}`; a local server may need none.",
    )
    wire: Literal["chat", "responses"] = Field(
        "chat", description="Whether it is spoken to by `/chat/completions` or `/responses`."
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="Sent with every request; may hold `${secret:NAME}`."
    )
    timeout: Timeouts = Field(default_factory=Timeouts, description="How long it may take.")
    retries: int = Field(
        3, ge=0, le=20, description="Tries after the first, where another try may help."
    )
    max_concurrency: int | None = Field(
        None, ge=1, description="Requests at the same time; without it no limit."
    )
    legacy_max_tokens: bool = Field(
        default=False,
        description="Send `max_tokens` in place of `max_completion_tokens`, for older servers.",
    )

    @property
    def connect_timeout_s(self) -> float:
        """Seconds in which it must be reached."""
        return duration_s(self.timeout.connect)

    @property
    def read_timeout_s(self) -> float:
        """Seconds that it may be silent."""
        return duration_s(self.timeout.read)


class Prices(Declaration):
    """What a million tokens cost, in US dollars."""

    input: float = Field(ge=0, description="A million prompt tokens.")
    output: float = Field(ge=0, description="A million completion tokens.")
    cached_input: float | None = Field(
        None, ge=0, description="A million prompt tokens that the endpoint had cached."
    )


class ModelAlias(Declaration):
    """A name of the project's own for a model."""

    model: str = Field(min_length=1, description="As the endpoint knows it.")
    endpoint: Name | None = Field(None, description="Where; otherwise the default endpoint.")
    prices: Prices | None = Field(None, description="What it costs.")


class Store(Declaration):
    """The file that runs are kept in."""

    path: str = Field(
        ".flowrun/store.db", min_length=1, description="A file, relative to the project."
    )
    durability: Literal["full", "process"] = Field(
        "full",
        description="`full` outlives the machine's power, `process` outlives flowrun alone.",
    )


class Project(Declaration):
    """Settings of a project: the file `flowrun.yaml` at its root."""

    version: Literal[1] = Field(description="Version of this file's language.")
    default_endpoint: Name | None = Field(
        None, description="The endpoint for assistants that name none."
    )
    endpoints: dict[Name, Endpoint] = Field(
        default_factory=dict, description="Places that answer for models, by name."
    )
    models: dict[str, ModelAlias] = Field(
        default_factory=dict, description="The project's own names for models."
    )
    tool_paths: list[str] = Field(
        default_factory=list, description="Folders where Python tools are looked for, too."
    )
    store: Store = Field(default_factory=Store, description="Where runs are kept.")
    runtime: Literal["local"] = Field("local", description="Who keeps assistants and threads.")


_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_PORT = re.compile(r"https?://[^/\s@]*:([^/\s:@\]]*)(?:/|\Z)")

IMPLICIT_ENDPOINT = "openai"
"""Known without being declared: OpenAI's own, from `OPENAI_API_KEY` and `OPENAI_BASE_URL`."""


def _rules(file: Mapping[str, Plain]) -> Iterator[Fault]:
    yield from version_faults(file, "the project file")
    declared = file.get("endpoints")
    names = {IMPLICIT_ENDPOINT, *(declared if isinstance(declared, dict) else ())}
    yield from _endpoint_faults(("default_endpoint",), file.get("default_endpoint"), names)
    for name, one in declared.items() if isinstance(declared, dict) else ():
        if isinstance(one, dict):
            yield from _connection_faults(("endpoints", name), one)
    yield from _store_faults(file.get("store"))
    models = file.get("models")
    if isinstance(models, dict):
        for alias, one in models.items():
            if isinstance(one, dict):
                path = ("models", alias, "endpoint")
                yield from _endpoint_faults(path, one.get("endpoint"), names)


def _connection_faults(path: DocPath, endpoint: Mapping[str, Plain]) -> Iterator[Fault]:
    """What no request could be made with."""
    timeout = endpoint.get("timeout")
    for key, written in timeout.items() if isinstance(timeout, dict) else ():
        where = (*path, "timeout", key)
        yield from limit_faults(where, written, PROJECT_GRAMMAR.noun(where))
    headers = endpoint.get("headers")
    for key, written in headers.items() if isinstance(headers, dict) else ():
        where = (*path, "headers", key)
        if not _HEADER.fullmatch(key):
            said = f"the name of a header must be letters, digits and `-`, found `{clip(key)}`"
            yield _unfit(where, said, "key")
        elif isinstance(written, str) and not _HEADER_VALUE.fullmatch(written):
            said = f"{PROJECT_GRAMMAR.noun(where)} must be one line of plain letters, found another"
            yield _unfit(where, said, "value")
    port = _PORT.match(str(endpoint.get("base_url")))
    if port and not (port[1].isdigit() and len(port[1]) < 6 and 0 < int(port[1]) < 65536):
        where = (*path, "base_url")
        noun = PROJECT_GRAMMAR.noun(where)
        said = f"{noun} must have a port from 1 to 65535, found `{clip(port[1])}`"
        yield _unfit(where, said, "value")


def _store_faults(store: Plain) -> Iterator[Fault]:
    written = store.get("path") if isinstance(store, dict) else None
    if isinstance(written, str) and PurePosixPath(written).name in {"", ".", ".."}:
        where = ("store", "path")
        said = f"{PROJECT_GRAMMAR.noun(where)} must name a file, found `{clip(written)}`"
        yield _unfit(where, said, "value")


def _unfit(path: DocPath, message: str, at: Literal["key", "value"]) -> Fault:
    return Fault(path=path, code="bind/wrong-value", message=message, at=at, loses=path[:2])


def _endpoint_faults(path: DocPath, name: Plain, names: Set[str]) -> Iterator[Fault]:
    if isinstance(name, str) and name not in names:
        yield Fault(
            path=path,
            code="ref/unknown-endpoint",
            message=f"{PROJECT_GRAMMAR.noun(path)} must be a declared endpoint, "
            f"found `{clip(name)}`",
            label="no such endpoint",
            hint=suggest(name, names),
            loses=path,
        )


PROJECT_GRAMMAR = Grammar(
    model=Project,
    places=(
        Place((), "the project file", Project),
        Place(("endpoints", "*"), "endpoint {}", Endpoint),
        Place(("endpoints", "*", "timeout"), "`timeout` of endpoint {}", Timeouts),
        Place(("models", "*"), "model {}", ModelAlias),
        Place(("models", "*", "prices"), "`prices` of model {}", Prices),
        Place(("store",), "`store`", Store),
    ),
    sections=frozenset(("endpoints", "models")),
    lists=frozenset(("tool_paths",)),
    placeholders={"version": 1},
    free=lambda path: False,
    rules=_rules,
)


def keys_written_out(
    project: Project, spans: SpanIndex, document: Document
) -> Iterator[Diagnostic]:
    """A key is a reference. What was written tells; the value may have been filled in since."""
    for name, one in project.endpoints.items():
        scalar = spans.scalar(("endpoints", name, "api_key"))
        if one.api_key is None or scalar is None or scalar.tag == UNKNOWN:
            continue
        source = document.sources[scalar.span.path]
        start, end = source.offset(scalar.span.start), source.offset(scalar.span.end)
        if "${" not in source.text[start:end]:
            yield Diagnostic(
                code="bind/wrong-value",
                message=f"`api_key` of endpoint `{name}` must be a reference, found the key itself",
                span=scalar.span,
                hint="write `${secret:NAME}` and keep the key in the environment variable NAME; "
                "leave `api_key` out for a server that needs none",
            )
