"""Keep the secrets that tools were given out of everything tools say."""

import json
import re

from flowrun.ids import JsonValue

MASK = "***"


class Redactor:
    """The secrets resolved for the tools of one plan; it grows while they are loaded.

    Each secret is also known without surrounding white space (files end in a newline, programs
    print what is before it) and as JSON writes it.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._text: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None
        self.longest = 0
        """Length in bytes of the longest secret: how far one can reach over a cut."""

    def add(self, secret: str) -> None:
        """Learn a secret; an empty one is nothing to hide."""
        bare = secret.strip()
        forms = {secret, bare, json.dumps(bare)[1:-1], json.dumps(bare, ensure_ascii=False)[1:-1]}
        self._secrets |= {form for form in forms if form}
        if not self._secrets:
            return
        longest_first = sorted(self._secrets, key=lambda one: (-len(one), one))
        # A lookahead finds overlapping secrets, too; a plain search would leave the second's end.
        either = "|".join(re.escape(one) for one in longest_first)
        self._text = re.compile(f"(?=({either}))")
        raw = b"|".join(re.escape(_bytes_of(one)) for one in longest_first)
        self._bytes = re.compile(b"(?=(" + raw + b"))")
        self.longest = max(len(_bytes_of(one)) for one in self._secrets)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to hide."""
        return self._text is None

    def spans(self, raw: bytes) -> tuple[tuple[int, int], ...]:
        """Return where secrets stand in `raw`, in order, overlapping ones as one."""
        return _merged(self._bytes, raw) if self._bytes is not None else ()

    def text(self, text: str) -> str:
        """Return the text with every secret masked."""
        if self._text is None:
            return text
        pieces: list[str] = []
        end = 0
        for start, stop in _merged(self._text, text):
            pieces += (text[end:start], MASK)
            end = stop
        pieces.append(text[end:])
        return "".join(pieces)

    def value(self, value: JsonValue) -> JsonValue:
        """Return the value with every secret masked in its texts and keys."""
        if self._text is None:
            return value
        return self._masked(value)

    def _masked(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self._masked(one) for key, one in value.items()}
            case list() | tuple():
                return [self._masked(one) for one in value]
            case _:
                return value


def _bytes_of(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")


def _merged(
    pattern: "re.Pattern[str] | re.Pattern[bytes]", subject: str | bytes
) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(subject):  # type: ignore[arg-type]  # both are text or both bytes
        start, stop = match.span(1)
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return tuple(found)
