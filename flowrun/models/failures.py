"""What a server's refusal means: from status, code and words to one exception with a way out.

Pure. Codes are believed before statuses: an exhausted quota is sent with 429, which otherwise says
that another try helps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowrun.errors import (
    EndpointDenied,
    EndpointError,
    EndpointLimited,
    EndpointRefused,
    EndpointUnavailable,
)
from flowrun.ids import JsonObject, JsonValue
from flowrun.models.endpoint import Endpoint
from flowrun.models.wire_json import as_count, as_object, as_text, is_object

LONGEST_QUOTE = 300
"""Characters of a server's own words that a message repeats."""

_Kind: TypeAlias = Literal[
    "money", "model", "key", "permission", "length", "policy", "limit", "path", "moved", "failed",
    "refused",
]  # fmt: skip

_BASE_URL_HINT = "correct `base_url`; it usually ends in `/v1`"
_LATER_HINT = "try again; if it stays so, look into the server's log"

# What each comes to: the exception, the beginning of a sentence that the server's own words
# continue, and the hint.
_MEANING: Mapping[_Kind, tuple[type[EndpointError], str, str | None]] = {
    "money": (EndpointRefused, "quota or credit is used up", "check plan and billing"),
    "model": (
        EndpointRefused,
        "there is no model `{model}`",
        "name a model that this endpoint offers",
    ),
    "key": (EndpointDenied, "the key was not accepted", "{key_hint}"),
    "permission": (EndpointDenied, "the key is not allowed to do this", "{key_hint}"),
    "length": (
        EndpointRefused,
        "the conversation is too long for `{model}`",
        "shorten the conversation, or set `truncation`",
    ),
    "policy": (EndpointRefused, "the provider's policy forbids the request", None),
    "limit": (EndpointLimited, "too many requests", "wait, or run fewer steps at a time"),
    "path": (EndpointRefused, "nothing is served at {url}", _BASE_URL_HINT),
    "moved": (EndpointRefused, "{url} redirects elsewhere", _BASE_URL_HINT),
    "failed": (EndpointUnavailable, "the server failed", _LATER_HINT),
    "refused": (EndpointRefused, "the request was refused", None),
}

_BY_CODE: tuple[tuple[re.Pattern[str], _Kind], ...] = (
    (
        re.compile(
            r"insufficient_(quota|credit|fund|balance)|quota_exceeded|credit_balance|billing"
            r"|spend(ing)?_limit|usage_limit|payment_required"
        ),
        "money",
    ),
    (re.compile(r"model_not_found|model_does_not_exist|unknown_model|deploymentnotfound"), "model"),
    (re.compile(r"(invalid|incorrect|missing)_api_key|invalid_auth|authentication_error"), "key"),
    (re.compile(r"permission_(denied|error)|account_deactivated|access_terminated"), "permission"),
    (re.compile(r"context_(length|window)_exceeded|string_above_max_length"), "length"),
    (re.compile(r"content_(filter|policy)|invalid_prompt|moderation|cyber_policy"), "policy"),
    (re.compile(r"rate_limit|slow_down|too_many_requests"), "limit"),
    (
        re.compile(
            r"server_error|internal_error|overloaded|unavailable|timeout|connection_failed"
            r"|engine_not_loaded|model_loading"
        ),
        "failed",
    ),
)

_NO_MODEL = re.compile(r"\bmodel\b.*\b(not found|not exist|no such|unknown|not supported)")
"""For servers that send no code."""

_BY_STATUS: Mapping[int, _Kind] = {
    401: "key",
    402: "money",
    403: "permission",
    404: "path",
    405: "path",
    408: "failed",
    409: "failed",
    413: "length",
    425: "failed",
    429: "limit",
}


@dataclass(frozen=True, slots=True)
class ServerError:
    """What a server said was wrong, in whatever shape it said it."""

    message: str
    code: str = ""
    """Code and type, in lower case, with a blank between."""
    status: int | None = None


def read_error(value: JsonValue, *, in_stream: bool = False) -> ServerError | None:
    """Find an error in a body or stream event; None when there is none.

    Known shapes: `{"error": {...}}`, `{"error": "text"}`, flat `{"object": "error", ...}`,
    a list of details, a bare text. `in_stream` admits only those that no answer resembles.
    """
    if isinstance(value, str):
        return None if in_stream else ServerError(value)
    if not is_object(value):
        return None
    inner = value.get("error")
    if is_object(inner):
        return _flat(inner)
    if isinstance(inner, str) and inner:
        words = as_text(value.get("message")) or inner
        return ServerError(words, f"{inner} {_code(value)}".strip().lower())
    return _flat(value) if _looks_wrong(value, in_stream=in_stream) else None


def _looks_wrong(value: JsonObject, *, in_stream: bool) -> bool:
    if "choices" in value or "output" in value:
        return bool(value.get("error"))
    if value.get("object") == "error" or value.get("type") == "error" or "detail" in value:
        return True
    return "message" in value and (not in_stream or "code" in value)


def failure(
    endpoint: Endpoint,
    model: str,
    error: ServerError,
    *,
    retry_after_s: float | None = None,
) -> EndpointError:
    """Return the exception for a server's error: by its code, then by its status."""
    said = quote(endpoint, error.message)
    kind = _kind(error, said)
    exception, problem, hint = _MEANING[kind]
    if kind == "key" and not endpoint.api_key:
        problem = "a key is wanted, and none was sent"
    names = {"model": model, "url": endpoint.shown_url, "key_hint": endpoint.key_hint}
    return exception(
        endpoint.label,
        problem.format_map(names) + _after(said),
        status=error.status,
        code=endpoint.redact(error.code.split(" ")[0]) or None,
        hint=hint.format_map(names) if hint else None,
        retry_after_s=retry_after_s,
    )


def quote(endpoint: Endpoint, words: str) -> str:
    """Return a server's words as one short line, without secrets, fit to follow a colon."""
    line = " ".join(endpoint.redact(words).split())
    if len(line) > LONGEST_QUOTE:
        line = line[: LONGEST_QUOTE - 1] + "…"
    return line.rstrip(".")


def refused_connection(endpoint: Endpoint, reason: str) -> EndpointUnavailable:
    """Nothing answers at the URL."""
    return EndpointUnavailable(
        endpoint.label,
        f"cannot connect to {endpoint.shown_url}{_after(quote(endpoint, reason))}",
        hint="start the server, or correct `base_url`",
    )


def untrusted(endpoint: Endpoint) -> EndpointRefused:
    """The server's certificate is not one that this machine trusts."""
    return EndpointRefused(
        endpoint.label,
        f"the certificate of {endpoint.shown_url} is not trusted",
        hint="name a file with its authority's certificate in `SSL_CERT_FILE`",
    )


def unusable_proxy(endpoint: Endpoint, variable: str) -> EndpointRefused:
    """The environment names a proxy of a kind that there is no support for."""
    return EndpointRefused(
        endpoint.label,
        f"expected the address of an HTTP proxy in `{variable}`, found another kind",
        hint=f"correct or unset `{variable}`",
    )


def connect_timeout(endpoint: Endpoint) -> EndpointUnavailable:
    """Nothing answered in time."""
    return EndpointUnavailable(
        endpoint.label,
        f"no connection to {endpoint.shown_url} within {endpoint.connect_timeout_s:g} s",
        hint="check the network and `base_url`",
    )


def read_timeout(endpoint: Endpoint) -> EndpointUnavailable:
    """The server fell silent."""
    return EndpointUnavailable(
        endpoint.label,
        f"the server said nothing for {endpoint.read_timeout_s:g} s",
        hint="try again, or raise the endpoint's read timeout",
    )


def no_answer(endpoint: Endpoint) -> EndpointUnavailable:
    """The connection broke before anything came back."""
    return EndpointUnavailable(
        endpoint.label,
        "the server closed the connection without an answer",
        hint=_LATER_HINT,
    )


def cut_stream(endpoint: Endpoint, detail: str = "") -> EndpointUnavailable:
    """The answer has no end; what came of it is not an answer."""
    return EndpointUnavailable(
        endpoint.label,
        f"the stream ended early{_after(quote(endpoint, detail))}",
        hint=_LATER_HINT,
    )


def not_an_api(endpoint: Endpoint, found: str) -> EndpointRefused:
    """Something answers with 200, but not a model's API."""
    return EndpointRefused(
        endpoint.label,
        f"expected a model's answer from {endpoint.shown_url}, found {found}",
        status=200,
        hint=_BASE_URL_HINT,
    )


def bad_answer(endpoint: Endpoint, found: str) -> EndpointUnavailable:
    """The answer breaks the protocol in a way that another try may not."""
    return EndpointUnavailable(
        endpoint.label,
        f"expected an event stream, found {found}",
        hint=_LATER_HINT,
    )


def _kind(error: ServerError, said: str) -> "_Kind":
    for pattern, kind in _BY_CODE:
        if pattern.search(error.code):
            return kind
    status = error.status
    if _NO_MODEL.search(said.lower()) and (status is None or status < 500):
        return "model"
    if status is None or status == 200 or status >= 500:
        return "failed"
    if 300 <= status < 400:
        return "moved"
    return _BY_STATUS.get(status, "refused")


def _flat(value: JsonValue) -> ServerError:
    fields = as_object(value)
    raw = fields.get("code")
    status = as_count(raw) or as_count(fields.get("status"))
    message = as_text(fields.get("message")) or _details(fields.get("detail"))
    plausible = status is not None and 300 <= status < 600
    return ServerError(message, _code(fields), status if plausible else None)


def _code(value: JsonValue) -> str:
    fields = as_object(value)
    words = [as_text(fields.get(key)) for key in ("code", "type")]
    return " ".join(word.lower() for word in words if word and word != "error")


def _details(detail: JsonValue) -> str:
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join(filter(None, (_details(one) for one in detail)))
    fields = as_object(detail)
    return as_text(fields.get("msg")) or as_text(fields.get("message"))


def _after(words: str) -> str:
    return f": {words}" if words else ""
