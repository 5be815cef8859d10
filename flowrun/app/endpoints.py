"""Which model answers: the endpoint asked for, the project's, OpenAI's, or a reviewed file.

The ambient OpenAI key goes to the endpoint `openai` and to nobody else: a project endpoint that
wants it says so by `api_key: ${secret:OPENAI_API_KEY}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flowrun.app.project import Project, reader
from flowrun.app.secrets import REFERENCE, Secrets
from flowrun.clock import Clock
from flowrun.errors import BadRequest, EndpointDenied, InvalidSource
from flowrun.models.endpoint import Endpoint
from flowrun.models.open import open_model
from flowrun.models.scripted import ScriptedModel
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.models import ModelClient
from flowrun.source.diagnostic import suggest
from flowrun.source.document import remembering
from flowrun.source.report import make_report
from flowrun.source.resolve import resolve_document
from flowrun.spec.bind import bind_replies
from flowrun.spec.project import IMPLICIT_ENDPOINT
from flowrun.spec.project import Endpoint as EndpointSettings

OPENAI_URL = "https://api.openai.com/v1"
SCRIPTED = "scripted:"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChoice:
    """Who answers, and whether it had to be said aloud."""

    asked: str | None
    """`--endpoint`, which then answers for every assistant; None to go by the declarations."""
    fallback: str
    """The default endpoint: a name, a URL, or `scripted:FILE` with the file from the root; empty
    when nobody needs one."""
    notice: str | None = None
    """One line for people, when what answers is not what they may think."""


def choose_endpoint(
    project: Project,
    plan: ExecutionPlan,
    *,
    flow_path: str,
    asked: str | None,
    environ: Mapping[str, str],
) -> EndpointChoice:
    """Decide which endpoint answers by default.

    Raises:
        EndpointDenied: nothing is configured that could, and an assistant needs it.
    """
    if asked:
        return EndpointChoice(asked=asked, fallback=asked)
    if all(assistant.endpoint for assistant in plan.assistants):
        return EndpointChoice(asked=None, fallback="")
    settings = project.settings
    if settings.default_endpoint:
        return EndpointChoice(asked=None, fallback=settings.default_endpoint)
    if environ.get("OPENAI_API_KEY") or environ.get("OPENAI_BASE_URL"):
        return EndpointChoice(asked=None, fallback="openai")
    if len(settings.endpoints) == 1:
        return EndpointChoice(asked=None, fallback=next(iter(settings.endpoints)))
    replies = PurePosixPath(flow_path.removesuffix(".yaml").removesuffix(".flow") + ".replies.yaml")
    if (project.root / replies).is_file():
        return EndpointChoice(
            asked=None,
            fallback=f"{SCRIPTED}{replies}",
            notice=f"no OPENAI_API_KEY: answers come from the scripted model in {replies}",
        )
    raise EndpointDenied(
        "openai",
        "no key: `OPENAI_API_KEY` is not set",
        hint="set it, name an endpoint with `--endpoint`, or add endpoints to `flowrun.yaml`",
    )


class ModelDirectory:
    """Model clients by endpoint name, each opened when it is first wanted."""

    def __init__(
        self, project: Project, choice: EndpointChoice, environ: Mapping[str, str], clock: Clock
    ) -> None:
        self._project = project
        self._choice = choice
        self._environ = environ
        self._secrets = Secrets(environ)
        self._clock = clock
        self._open: dict[str, ModelClient] = {}

    def model_for(self, endpoint: str) -> ModelClient:
        """Return the client of an endpoint; the empty name means the default one.

        Raises:
            BadRequest: no endpoint has this name.
            InvalidSource: the replies file has errors.
        """
        name = self._choice.asked or endpoint or self._choice.fallback
        if name not in self._open:
            self._open[name] = self._make(name)
        return self._open[name]

    async def close(self) -> None:
        """Release every connection."""
        for client in self._open.values():
            await client.close()

    def _make(self, name: str) -> ModelClient:
        if name.startswith(SCRIPTED):
            return _scripted(self._project, name.removeprefix(SCRIPTED), self._environ)
        return open_model(self._endpoint(name), clock=self._clock)

    def _endpoint(self, name: str) -> Endpoint:
        settings = self._project.settings.endpoints.get(name)
        if settings is None and name.startswith(("http://", "https://")):
            return Endpoint(name=name, base_url=name)
        if settings is None and name != IMPLICIT_ENDPOINT:
            known = [*self._project.settings.endpoints, IMPLICIT_ENDPOINT]
            raise BadRequest(f"no endpoint `{name}` in the project", suggest(name, known))
        return self._declared(name, settings or EndpointSettings())

    def _declared(self, name: str, settings: EndpointSettings) -> Endpoint:
        resolve = self._secrets.resolve
        url = settings.base_url
        if url is None:
            url = self._environ.get("OPENAI_BASE_URL") or OPENAI_URL
        key, key_name = self._key(name, settings)
        if url == OPENAI_URL and not key:
            raise EndpointDenied(name, "no key", hint=f"set `{key_name or 'OPENAI_API_KEY'}`")
        return Endpoint(
            name=name,
            base_url=url,
            api_key=key,
            key_name=key_name,
            wire=settings.wire,
            headers={header: resolve(value) for header, value in settings.headers.items()},
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            retries=settings.retries,
            max_concurrency=settings.max_concurrency,
        )

    def _key(self, name: str, settings: EndpointSettings) -> tuple[str | None, str | None]:
        """Return the key and the name it goes by; the ambient one is for `openai` alone."""
        if settings.api_key is not None:
            named = REFERENCE.search(settings.api_key)
            return self._secrets.resolve(settings.api_key), named[1] if named else None
        if name == IMPLICIT_ENDPOINT and settings.base_url is None:
            return self._environ.get("OPENAI_API_KEY") or None, "OPENAI_API_KEY"
        return None, None


def _scripted(project: Project, path: str, environ: Mapping[str, str]) -> ModelClient:
    full = Path(path).resolve() if Path(path).exists() else project.root / path
    if not full.is_relative_to(project.root):
        raise BadRequest(f"replies file `{path}` is outside the project")
    relative = full.relative_to(project.root).as_posix()
    read, sources = remembering(reader(project.root))
    document, found = resolve_document(relative, read, environ)
    diagnostics = list(found)
    bound = None
    if document is not None:
        bound, complaints = bind_replies(document)
        diagnostics += complaints
    if bound is None or diagnostics:
        raise InvalidSource(make_report(diagnostics, sources), len(diagnostics))
    return ScriptedModel(bound.replies)
