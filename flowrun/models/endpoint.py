"""Where a model is: the settings of one endpoint, its secrets kept out of sight."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from flowrun.errors import ProjectError

Wire: TypeAlias = Literal["chat", "responses"]

_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\Z")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_SHORTEST_SECRET = 6
"""Shorter values (`1`, `true`) are no secrets, and hiding them would garble every sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint, everything resolved. Neither key nor header values are in its repr.

    Raises:
        ProjectError: the URL is not one of http, or the key cannot travel in a header.
    """

    name: str
    base_url: str = field(repr=False)
    """Including the `/v1`, as the OpenAI client wants it."""
    api_key: str | None = field(default=None, repr=False)
    """None or empty: no key is sent, which is what local servers expect."""
    key_name: str | None = None
    """Where the key comes from, for hints: the name of an environment variable or secret."""
    wire: Wire = "chat"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 600.0
    """Longest silence of the server, the wait for the first token included."""
    retries: int = 3
    max_concurrency: int | None = None
    """Most requests at a time; None leaves it at a thousand."""
    legacy_max_tokens: bool = False
    """Send `max_tokens` in place of `max_completion_tokens`, for older local servers."""

    def __post_init__(self) -> None:
        unusable = self._first_fault()
        if unusable is not None:
            problem, hint = unusable
            message = f"endpoint `{self.label}`: {problem}"
            raise ProjectError(message, hint)

    @property
    def shown_url(self) -> str:
        """The base URL as people may see it: without user, password and query."""
        return _without_secrets(self.base_url)

    @property
    def label(self) -> str:
        """The name as people may see it: an endpoint given by its URL is named by that."""
        return _without_secrets(self.name) if "://" in self.name else self.name

    @property
    def key_hint(self) -> str:
        """What to do about a missing or wrong key."""
        if self.key_name:
            return f"set `{self.key_name}` to a key that this endpoint accepts"
        return f"set `api_key` of endpoint `{self.label}` in the project file"

    def redact(self, text: str) -> str:
        """Return the text with every secret of this endpoint replaced by `[hidden]`."""
        for secret in self._secrets():
            text = text.replace(secret, "[hidden]")
        return text

    def _first_fault(self) -> tuple[str, str] | None:
        if not _is_web_address(self.base_url):
            problem = f"expected a `base_url` that begins with `https://`, found `{self.shown_url}`"
            return problem, "write the address up to and with `/v1`"
        if self.api_key and not _HEADER_VALUE.match(self.api_key):
            problem = "expected a key of printable ASCII on one line, found other characters"
            return problem, self.key_hint
        for header, value in self.headers.items():
            if not _HEADER_NAME.match(header) or (value and not _HEADER_VALUE.match(value)):
                problem = f"expected printable ASCII on one line in header `{header}`"
                return problem, "correct the header in the project file"
        return None

    def _secrets(self) -> list[str]:
        parts = urlsplit(self.base_url)
        values = [self.api_key, parts.password, parts.username, parts.query, *self.headers.values()]
        for value in self.headers.values():
            values.extend(value.split())
        secrets = {one for one in values if one and len(one) >= _SHORTEST_SECRET}
        return sorted(secrets, key=len, reverse=True)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "something else"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
