"""Which model endpoint answers: decided from values, nothing opened and nothing looked up.

asked for on the command line     answers for every assistant
`endpoint` of the assistant       answers for that one
`default_endpoint`                of the project file
OpenAI                            when the environment holds its key or its address
the project's only endpoint
the replies file                  beside the flow, and that is said aloud
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from flowrun.errors import BadRequest, EndpointDenied, name_list
from flowrun.source.diagnostic import suggest
from flowrun.spec.project import IMPLICIT_ENDPOINT, Endpoint, Project

SCRIPTED = "scripted:"
KEY_VARIABLE = "OPENAI_API_KEY"
ADDRESS_VARIABLE = "OPENAI_BASE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChoice:
    """Who answers, and whether it has to be said aloud."""

    asked: str | None = None
    """`--endpoint`, which then answers for every assistant; None to go by the declarations."""
    default: str | None = None
    """Who answers for an assistant that names no endpoint; None when nobody does or need."""
    notice: str | None = None
    """One line for people, when what answers is not what they may think."""

    def name_for(self, declared: str) -> str:
        """Return who answers for an assistant that declares this endpoint, or none by ''.

        A name, an address, or `scripted:FILE` with the file from the project's root.

        Raises:
            EndpointDenied: nobody is configured that could.
        """
        name = self.asked or declared or self.default
        if name is None:
            raise EndpointDenied("openai", f"no key: `{KEY_VARIABLE}` is not set")
        return name


def choose_endpoint(
    settings: Project,
    *,
    asked: str | None,
    environ: Mapping[str, str],
    replies: str | None,
    needed: bool = True,
) -> EndpointChoice:
    """Decide which endpoint answers by default.

    Args:
        settings: The project's.
        asked: An endpoint for every assistant.
        environ: The process's environment; only whether two of its names are there is used.
        replies: The replies file beside the flow, from the root, if there is one.
        needed: Whether any assistant goes by the default.

    Raises:
        EndpointDenied: a default is needed and nothing is configured that could be one.
    """
    if asked:
        return EndpointChoice(asked=asked)
    if not needed:
        return EndpointChoice()
    if settings.default_endpoint:
        return EndpointChoice(default=settings.default_endpoint)
    if len(settings.endpoints) == 1:
        return EndpointChoice(default=next(iter(settings.endpoints)))
    if environ.get(KEY_VARIABLE) or environ.get(ADDRESS_VARIABLE):
        return EndpointChoice(default=IMPLICIT_ENDPOINT)
    if replies is not None:
        return EndpointChoice(
            default=f"{SCRIPTED}{replies}",
            notice=f"no {KEY_VARIABLE}: answers come from the scripted model in {replies}",
        )
    raise _nobody(settings)


def find_endpoint(name: str, settings: Project) -> Endpoint:
    """Return the settings of an endpoint of the project, of `openai`, or of a bare address.

    Raises:
        BadRequest: no endpoint has this name.
    """
    declared = settings.endpoints.get(name)
    if declared is not None:
        return declared
    if is_address(name):
        # Unchecked here: whoever opens it says what is wrong with an address, without its secrets.
        return Endpoint().model_copy(update={"base_url": name})
    if name == IMPLICIT_ENDPOINT:
        return Endpoint()
    known = {*settings.endpoints, IMPLICIT_ENDPOINT}
    raise BadRequest(f"no endpoint `{name}` in the project", suggest(name, known))


def is_address(name: str) -> bool:
    """Tell whether an endpoint is given by its address and not by a name."""
    return name.lower().startswith(("http://", "https://"))


def without_credentials(endpoint: str) -> str:
    """Return an endpoint as it may be kept and shown: an address loses user, password and query.

    A name stays as it is.
    """
    if not is_address(endpoint):
        return endpoint
    try:
        parts = urlsplit(endpoint)
    except ValueError:  # no address at all; it is refused when it is opened
        return endpoint.partition("://")[0] + "://"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _nobody(settings: Project) -> EndpointDenied:
    if settings.endpoints:
        return EndpointDenied(
            IMPLICIT_ENDPOINT,
            f"`{KEY_VARIABLE}` is not set, and the project does not say which of "
            f"{name_list(list(settings.endpoints))} is the default",
            hint="set `default_endpoint` in `flowrun.yaml`, or name one with `--endpoint`",
        )
    return EndpointDenied(
        IMPLICIT_ENDPOINT,
        f"no key: `{KEY_VARIABLE}` is not set",
        hint="set it, name an endpoint with `--endpoint`, or add endpoints to `flowrun.yaml`",
    )
