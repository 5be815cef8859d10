"""Token counts, under whichever names a server gives them. Pure."""

from flowrun.ids import JsonObject, JsonValue
from flowrun.models.wire_json import as_count, as_object, is_object
from flowrun.ports.models import TokenUsage


def read_usage(value: JsonValue) -> TokenUsage | None:
    """Read a `usage` object of Chat Completions or Responses; None when it says nothing."""
    if not is_object(value):
        return None
    prompt = _count(value, "prompt_tokens", "input_tokens")
    completion = _count(value, "completion_tokens", "output_tokens")
    total = as_count(value.get("total_tokens"))
    if prompt is None and completion is None and total is None:
        return None
    into = as_object(value.get("prompt_tokens_details") or value.get("input_tokens_details"))
    out = as_object(value.get("completion_tokens_details") or value.get("output_tokens_details"))
    reasoning = as_count(out.get("reasoning_tokens"))
    if reasoning is None:
        reasoning = as_count(value.get("reasoning_tokens"))  # SGLang keeps it at the top
    return TokenUsage(
        prompt_tokens=prompt or 0,
        completion_tokens=completion or 0,
        total_tokens=total if total is not None else (prompt or 0) + (completion or 0),
        cached_tokens=as_count(into.get("cached_tokens")) or 0,
        reasoning_tokens=reasoning or 0,
    )


def _count(value: JsonObject, *names: str) -> int | None:
    return next((found for name in names if (found := as_count(value.get(name))) is not None), None)
