"""Model clients of a run, opened by the endpoint choice; secrets are resolved here, last.

The ambient OpenAI key goes to the endpoint `openai` and to nobody else: a project endpoint that
wants it says so by `api_key: ${secret:OPENAI_API_KEY}`.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from flowrun.app.endpoint_choice import (
    ADDRESS_VARIABLE,
    KEY_VARIABLE,
    SCRIPTED,
    EndpointChoice,
    choose_endpoint,
    find_endpoint,
    without_credentials,
)
from flowrun.app.project import Project
from flowrun.app.replies import find_replies, read_replies, replies_beside
from flowrun.app.secrets import REFERENCE, Secrets
from flowrun.clock import Clock
from flowrun.errors import BadRequest, EndpointDenied
from flowrun.models.endpoint import Endpoint
from flowrun.models.open import open_model
from flowrun.models.scripted import ScriptedModel
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.models import ModelClient
from flowrun.spec.project import IMPLICIT_ENDPOINT
from flowrun.spec.project import Endpoint as EndpointSettings

OPENAI_URL = "https://api.openai.com/v1"


def choose_models(
    project: Project,
    plan: ExecutionPlan,
    *,
    flow_path: str,
    asked: str | None,
    environ: Mapping[str, str],
) -> EndpointChoice:
    """Decide who answers for a plan, looking up which replies files there are.

    Args:
        project: Declares endpoints.
        plan: Its assistants may name some of them.
        flow_path: Of the flow's file, from the root; its replies lie beside it.
        asked: An endpoint for all; a file after `scripted:` is one of the current directory, else
            of the root.
        environ: The process's environment.

    Raises:
        EndpointDenied: nothing is configured that could answer.
        ProjectError: the replies file that was asked for is not there.
        BadRequest: it is not inside the project.
    """
    if asked is not None and asked.startswith(SCRIPTED):
        asked = SCRIPTED + find_replies(project.root, asked.removeprefix(SCRIPTED))
    beside = replies_beside(flow_path)
    return choose_endpoint(
        project.settings,
        asked=asked,
        environ=environ,
        replies=beside if (project.root / beside).is_file() else None,
        needed=any(
            not assistant.endpoint for each in plan.all_plans() for assistant in each.assistants
        ),
    )


def origin_of(choice: EndpointChoice) -> dict[str, str]:
    """Return what a run keeps of the choice, so that a resume asks the same models.

    An address is kept without user, password and query: nothing secret goes into the store.
    """
    kept = {}
    if choice.asked is not None:
        kept["endpoint"] = without_credentials(choice.asked)
        if kept["endpoint"] != choice.asked:
            kept["incomplete"] = "endpoint"
    elif choice.default is not None:
        kept["default"] = choice.default
    return kept


def choose_again(
    project: Project,
    plan: ExecutionPlan,
    *,
    origin: Mapping[str, str],
    asked: str | None,
    environ: Mapping[str, str],
) -> EndpointChoice:
    """Decide who goes on answering in a run that was left: who did before, unless asked otherwise.

    Raises:
        BadRequest: it was started with an address that was not kept whole.
        FlowrunError: as `choose_models`.
    """
    if asked is None and "incomplete" in origin:
        raise BadRequest(
            f"the run was started with endpoint `{origin['endpoint']}`, whose address held a user, "
            "a password or a query, which are not kept",
            "give the whole address again with `--endpoint`",
        )
    if asked is None and "endpoint" in origin:
        return EndpointChoice(asked=origin["endpoint"])
    if asked is None and "default" in origin:
        default = origin["default"]
        replies = default.removeprefix(SCRIPTED) if default.startswith(SCRIPTED) else None
        notice = f"answers come from the scripted model in {replies}" if replies else None
        return EndpointChoice(default=default, notice=notice)
    return choose_models(project, plan, flow_path=origin["path"], asked=asked, environ=environ)


class ModelDirectory:
    """Model clients by endpoint name, each opened when it is first wanted."""

    def __init__(
        self, project: Project, choice: EndpointChoice, environ: Mapping[str, str], clock: Clock
    ) -> None:
        self._project = project
        self._choice = choice
        self._environ = environ
        self._clock = clock
        self._open: dict[str, ModelClient] = {}

    def model_for(self, endpoint: str) -> ModelClient:
        """Return the client of an endpoint; the empty name means the default one.

        Raises:
            BadRequest: no endpoint has this name.
            EndpointDenied: a key is missing.
            SecretMissing: a secret that the endpoint refers to is nowhere.
            InvalidSource: the replies file has errors.
        """
        name = self._choice.name_for(endpoint)
        if name not in self._open:
            self._open[name] = self._make(name)
        return self._open[name]

    async def close(self) -> None:
        """Release every connection."""
        async with AsyncExitStack() as stack:
            for client in self._open.values():
                stack.push_async_callback(client.close)

    def _make(self, name: str) -> ModelClient:
        if name.startswith(SCRIPTED):
            path = name.removeprefix(SCRIPTED)
            return ScriptedModel(read_replies(self._project.root, path, self._environ))
        settings = find_endpoint(name, self._project.settings)
        return open_model(resolve_endpoint(name, settings, self._environ), clock=self._clock)


def resolve_endpoint(name: str, settings: EndpointSettings, environ: Mapping[str, str]) -> Endpoint:
    """Return an endpoint with its address, its key and its headers filled in.

    Raises:
        EndpointDenied: OpenAI's own address without a key.
        SecretMissing: a secret that is referred to is nowhere.
        ProjectError: the address or a header cannot be used.
    """
    secrets = Secrets(environ)
    key, key_name = _key(name, settings, secrets, environ)
    url = settings.base_url or _default_address(name, environ)
    if not key and _is_openai(url):
        raise EndpointDenied(name, "no key", hint=_key_hint(name, key_name))
    return Endpoint(
        name=without_credentials(name),
        base_url=url,
        api_key=key,
        key_name=key_name,
        wire=settings.wire,
        headers={header: secrets.resolve(value) for header, value in settings.headers.items()},
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        retries=settings.retries,
        max_concurrency=settings.max_concurrency,
        legacy_max_tokens=settings.legacy_max_tokens,
    )


def _default_address(name: str, environ: Mapping[str, str]) -> str:
    """Return OpenAI's address; the environment moves the endpoint `openai` and no other."""
    moved = environ.get(ADDRESS_VARIABLE) if name == IMPLICIT_ENDPOINT else None
    return moved or OPENAI_URL


def _key(
    name: str, settings: EndpointSettings, secrets: Secrets, environ: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Return the key and the name it goes by; the ambient one is for `openai` alone."""
    if settings.api_key is not None:
        named = REFERENCE.search(settings.api_key)
        return secrets.resolve(settings.api_key), named[1] if named else None
    if name == IMPLICIT_ENDPOINT and settings.base_url is None:
        return environ.get(KEY_VARIABLE) or None, KEY_VARIABLE
    return None, None


def _key_hint(name: str, key_name: str | None) -> str:
    if key_name is not None:
        return f"set `{key_name}`"
    reference = f"`api_key: ${{secret:{KEY_VARIABLE}}}`"
    return f"declare the endpoint in `flowrun.yaml` with {reference}; the name is not enough"


def _is_openai(url: str) -> bool:
    try:
        return urlsplit(url).hostname == urlsplit(OPENAI_URL).hostname
    except ValueError:  # no address at all, which `Endpoint` refuses
        return False
