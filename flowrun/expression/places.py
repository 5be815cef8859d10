"""Where the tokens of a template stand in its text."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

_BLANK = re.compile(r"\s*")
_BEGINS = frozenset({"variable_begin", "block_begin"})
_ENDS = frozenset({"variable_end", "block_end"})


class Piece(NamedTuple):
    """One token and its place."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(slots=True)
class Places:
    """The tokens of a text, white space left out, as far as they have been read."""

    source: str
    """The text with its line endings as the lexer sees them."""
    pieces: list[Piece] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    read_to: int = 0

    def index_at(self, offset: int) -> int:
        """Return the index of the token that begins at an offset, or holds it."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def end_of_subscript(self, offset: int) -> int:
        """Return where a `.name` or `[...]` that begins at an offset ends."""
        index = self.index_at(offset)
        if self.pieces[index].text == ".":
            return self.pieces[index + 1].end
        depth = 0
        for piece in self.pieces[index:]:
            if piece.kind == "operator":
                depth += (piece.text in "([{") - (piece.text in ")]}")
            if depth == 0:
                return piece.end
        return self.pieces[-1].end

    def expression_at(self, offset: int) -> str:
        """Return the expression of the `{{ }}` around an offset, or the whole of a `{% %}`.

        Outside of tags, as in a text that is an expression without braces, it is the whole text.
        """
        index = self.index_at(offset)
        first = index
        while first >= 0 and self.pieces[first].kind not in _BEGINS:
            first -= 1
        last = index
        while last < len(self.pieces) and self.pieces[last].kind not in _ENDS:
            last += 1
        start = self.pieces[first].end if first >= 0 else 0
        end = self.pieces[last].start if last < len(self.pieces) else len(self.source)
        inside = self.source[start:end].strip()
        is_statement = first >= 0 and self.pieces[first].kind == "block_begin"
        return f"{{% {inside} %}}" if is_statement else inside

    def record(self, kind: str, text: str) -> Piece:
        """Note the next token; only white space can lie between it and the one before."""
        start = max(self.source.find(text, self.read_to), 0)
        piece = Piece(kind, text, start, start + len(text))
        self.read_to = piece.end
        if kind != "whitespace":
            self.pieces.append(piece)
            self.starts.append(start)
        return piece

    def next_offset(self) -> int:
        """Return where the first unread character is that is not white space."""
        found = _BLANK.match(self.source, self.read_to)
        return min(found.end() if found else self.read_to, max(0, len(self.source) - 1))


@dataclass(frozen=True, slots=True)
class Offsets:
    """The way back from `Places.source` to the text as it was given."""

    removed: tuple[int, ...] = ()
    """Where, in the source, one character was taken out before."""

    def original(self, offset: int) -> int:
        """Return the offset in the given text."""
        return offset + bisect_right(self.removed, offset - 1)
