"""What a server's refusal means: from status, code and words to one exception with a way out.

Pure. Codes are believed before statuses: an exhausted quota is sent with 429, which otherwise says
that another try helps.
"""

import re
from dataclasses import dataclass

from flowrun.errors import (
    EndpointDenied,
    EndpointError,
    EndpointLimited,
    EndpointRefused,
    EndpointUnavailable,
)
from flowrun.ids import JsonValue
from flowrun.models.endpoint import Endpoint
from flowrun.models.wire_json import as_count, as_object, as_text, is_object

LONGEST_QUOTE = 300
"""Characters of a server's own words that a message repeats."""

_NO_MONEY = re.compile(
    r"insufficient_quota|quota_exceeded|credit_balance|insufficient_(credit|fund|balance)"
    r"|billing|spend(ing)?_limit|usage_limit|payment_required"
)
_BAD_KEY = re.compile(
    r"invalid_api_key|incorrect_api_key|invalid_authentication|authentication_error"
    r"|missing_api_key|invalid_organization|permission_(denied|error)|account_deactivated"
)
_NO_MODEL = re.compile(r"model_not_found|model_does_not_exist|unknown_model|deployment_?not_?found")
_TOO_LONG = re.compile(r"context_length_exceeded|context_window_exceeded|string_above_max_length")
_LIMITED = re.compile(r"rate_limit|slow_down|too_many_requests|tokens_per_min|requests_per_min")
_PASSING = re.compile(
    r"server_error|internal_error|overloaded|unavailable|timeout|temporar|connection_failed"
    r"|engine_not_loaded|model_loading|bad_gateway"
)
_POLICY = re.compile(r"content_filter|content_policy|invalid_prompt|moderation|cyber_policy")


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
        return ServerError(
            as_text(value.get("message")) or inner, f"{inner} {_code(value)}".strip().lower()
        )
    if "choices" in value or "output" in value:
        return None
    if value.get("object") == "error" or value.get("type") == "error":
        return _flat(value)
    if "detail" in value:
        return ServerError(_details(value["detail"]), _code(value), as_count(value.get("status")))
    return _flat(value) if "message" in value and (not in_stream or "code" in value) else None


def failure(
    endpoint: Endpoint,
    model: str,
    error: ServerError,
    *,
    retry_after_s: float | None = None,
) -> EndpointError:
    """Return the exception for a server's error: by its code, then by its status."""
    said = quote(endpoint, error.message)
    kind, problem, hint = _sentence(endpoint, model, error, said)
    return kind(
        endpoint.name,
        problem,
        status=error.status,
        code=endpoint.redact(error.code.split(" ")[0]) or None,
        hint=hint,
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
        endpoint.name,
        f"cannot connect to {endpoint.shown_url}{_after(quote(endpoint, reason))}",
        hint="start the server, or correct `base_url`",
    )


def connect_timeout(endpoint: Endpoint) -> EndpointUnavailable:
    """Nothing answered in time."""
    return EndpointUnavailable(
        endpoint.name,
        f"no connection to {endpoint.shown_url} within {endpoint.connect_timeout_s:g} s",
        hint="check the network and `base_url`",
    )


def read_timeout(endpoint: Endpoint) -> EndpointUnavailable:
    """The server fell silent."""
    return EndpointUnavailable(
        endpoint.name,
        f"the server said nothing for {endpoint.read_timeout_s:g} s",
        hint="try again, or raise the endpoint's read timeout",
    )


def no_answer(endpoint: Endpoint) -> EndpointUnavailable:
    """The connection broke before anything came back."""
    return EndpointUnavailable(
        endpoint.name,
        "the server closed the connection without an answer",
        hint="try again; if it stays so, look into the server's log",
    )


def cut_stream(endpoint: Endpoint, detail: str = "") -> EndpointUnavailable:
    """The answer has no end; what came of it is not an answer."""
    return EndpointUnavailable(
        endpoint.name,
        f"the stream ended early{_after(quote(endpoint, detail))}",
        hint="try again; if it stays so, look into the server's log",
    )


def not_an_api(endpoint: Endpoint, found: str) -> EndpointRefused:
    """Something answers with 200, but not a model's API."""
    return EndpointRefused(
        endpoint.name,
        f"expected a model's answer from {endpoint.shown_url}, found {found}",
        status=200,
        hint=_base_url_hint(),
    )


def bad_answer(endpoint: Endpoint, found: str) -> EndpointUnavailable:
    """The answer breaks the protocol in a way that another try may not."""
    return EndpointUnavailable(
        endpoint.name,
        f"expected an event stream, found {found}",
        hint="try again; if it stays so, look into the server's log",
    )


def _sentence(
    endpoint: Endpoint, model: str, error: ServerError, said: str
) -> tuple[type[EndpointError], str, str | None]:
    code, status = error.code, error.status
    if _NO_MONEY.search(code) or status == 402:
        return EndpointRefused, f"quota or credit is used up{_after(said)}", "check plan and billing"
    if _NO_MODEL.search(code) or (status == 404 and "model" in said.lower()):
        hint = "name a model that this endpoint offers"
        return EndpointRefused, f"there is no model `{model}`{_after(said)}", hint
    if status in (401, 403) or _BAD_KEY.search(code):
        return EndpointDenied, _denied(endpoint, status, said), endpoint.key_hint
    if _TOO_LONG.search(code):
        hint = "shorten the conversation, or set `truncation`"
        return EndpointRefused, f"the conversation is too long for `{model}`{_after(said)}", hint
    if _POLICY.search(code):
        return EndpointRefused, f"the request was refused by policy{_after(said)}", None
    if _LIMITED.search(code) or status == 429:
        hint = "wait, or lower the number of parallel steps"
        return EndpointLimited, f"too many requests{_after(said)}", hint
    return _by_status(endpoint, error, said)


def _by_status(
    endpoint: Endpoint, error: ServerError, said: str
) -> tuple[type[EndpointError], str, str | None]:
    code, status = error.code, error.status
    if status is None or status in (200, 408, 409) or status >= 500 or _PASSING.search(code):
        words = said or "no reason given"
        hint = "try again; if it stays so, look into the server's log"
        return EndpointUnavailable, f"the server failed: {words}", hint
    if status in (404, 405):
        problem = f"nothing is served at {endpoint.shown_url}{_after(said)}"
        return EndpointRefused, problem, _base_url_hint()
    if 300 <= status < 400:
        return EndpointRefused, f"the server redirects elsewhere{_after(said)}", _base_url_hint()
    return EndpointRefused, f"the request was refused{_after(said)}", None


def _denied(endpoint: Endpoint, status: int | None, said: str) -> str:
    if not endpoint.api_key:
        return f"a key is wanted and none was sent{_after(said)}"
    if status == 403:
        return f"the key is not allowed to do this{_after(said)}"
    return f"the key was not accepted{_after(said)}"


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


def _base_url_hint() -> str:
    return "correct `base_url`; it usually ends in `/v1`"
