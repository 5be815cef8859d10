"""Where a model is: the settings of one endpoint, with what must never be shown kept out of sight."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from flowrun.errors import ProjectError

Wire: TypeAlias = Literal["chat", "responses"]

_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\Z")
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
    retries: int = 2
    max_concurrency: int | None = None
    """Most requests at a time; None means no bound of ours."""
    legacy_max_tokens: bool = False
    """Send `max_tokens` in place of `max_completion_tokens`, for older local servers."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ProjectError(
                f"endpoint `{self.name}`: expected a `base_url` that begins with `https://` or "
                f"`http://`, found `{self.shown_url}`"
            )
        if self.api_key and not _HEADER_VALUE.match(self.api_key):
            raise ProjectError(
                f"endpoint `{self.name}`: its key holds a line break, a blank at an end, or a "
                "character beyond ASCII, and cannot be sent",
                hint=self.key_hint,
            )
        for header, value in self.headers.items():
            if value and not _HEADER_VALUE.match(value):
                raise ProjectError(
                    f"endpoint `{self.name}`: the value of header `{header}` cannot be sent",
                    hint="use printable ASCII on one line",
                )

    @property
    def shown_url(self) -> str:
        """The base URL as people may see it: without user, password and query."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def key_hint(self) -> str:
        """What to do about a missing or wrong key."""
        if self.key_name:
            return f"set `{self.key_name}` to a key that this endpoint accepts"
        return f"set `api_key` of endpoint `{self.name}` in the project file"

    def redact(self, text: str) -> str:
        """Return the text with every secret of this endpoint replaced by `[hidden]`."""
        for secret in self._secrets():
            text = text.replace(secret, "[hidden]")
        return text

    def _secrets(self) -> list[str]:
        parts = urlsplit(self.base_url)
        values = [self.api_key, parts.password, parts.username, parts.query, *self.headers.values()]
        for value in self.headers.values():
            values.extend(value.split())
        secrets = {one for one in values if one and len(one) >= _SHORTEST_SECRET}
        return sorted(secrets, key=len, reverse=True)
