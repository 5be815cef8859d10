"""Say what is wrong with a template in an author's words, and where.

The parser's own sentences name tokens of its grammar; here they become what stands in the file.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from flowrun.expression.places import Piece, Places
from flowrun.expression.terms import TemplateProblem
from flowrun.source.diagnostic import suggest

_TAGS = ("if", "for", "set", "with", "filter", "macro", "raw")
_CLOSED = frozenset({"if", "for", "with", "filter", "macro", "call", "block", "autoescape"})
_TOKENS: Mapping[str, str] = MappingProxyType(
    {
        "end of print statement": "`}}`",
        "end of statement block": "`%}`",
        "begin of print statement": "`{{`",
        "begin of statement block": "`{%`",
        "end of template": "the end of the text",
        "end of expression": "the end of the expression",
        "template data / text": "text",
        "name": "a name",
        "integer": "a number",
        "float": "a number",
        "string": "a text in quotes",
    }
)
_OTHER_LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "&": "write `and`",
        "?": "write `VALUE if CONDITION else OTHER`",
        "!": "write `not`, or `!=`",
        "=": "compare with `==`",
        "|": "write `or`",
        "$": "names stand alone inside `{{ }}`",
        "`": "write a text in quotes",
    }
)
_EXPECTED = re.compile(
    r"(?:expected token|unexpected end of template, expected) '(.+?)'(?:, got|\.?$)"
)
_BRACKET = re.compile(r"unexpected '(.)'(?:, expected '(.)')?")
_END = "the end of the expression"
_UNKNOWN_TAG = re.compile(r"Encountered unknown tag '(\w+)'")
_LOOKING = re.compile(r"looking for(?: the following tags:)? ('.*?')\.")
_INNERMOST = re.compile(r"needs to be closed is '(\w+)'")


def explain(message: str, offset: int, places: Places) -> TemplateProblem:
    """Turn the parser's sentence about an offset into a problem of the text."""
    return (
        _never_closed(message, offset, places)
        or _unknown_tag(message, offset, places)
        or _unexpected(message, offset, places)
    )


def _problem(message: str, place: Piece, hint: str | None = None) -> TemplateProblem:
    return TemplateProblem("template/syntax", message, place.start, place.end, hint)


def _never_closed(message: str, offset: int, places: Places) -> TemplateProblem | None:
    last = places.pieces[-1] if places.pieces else None
    if message.startswith("Missing end of comment") and last:
        return _problem("`{#` is never closed", last, "add `#}` where the comment ends")
    if message.startswith("Missing end of raw") and last:
        return _problem("`{% raw %}` is never closed", last, "add `{% endraw %}`")
    if message.startswith("Unexpected end of template."):
        return _block_never_closed(message, places)
    opener = _opener(offset, places)
    if opener is None:
        return None
    end = "}}" if opener.kind == "variable_begin" else "%}"
    return _problem(
        f"`{opener.text[:2]}` is never closed", opener, f"add `{end}` where the expression ends"
    )


def _opener(offset: int, places: Places) -> Piece | None:
    """Return the `{{` or `{%` before an offset if no end follows it before the next one."""
    opener: Piece | None = None
    for piece in places.pieces:
        if piece.start > offset:
            break
        if piece.kind in {"variable_begin", "block_begin"}:
            opener = piece
        elif piece.kind in {"variable_end", "block_end"}:
            opener = None
    if opener is None:
        return None
    rest = places.source[opener.end :]
    end = "}}" if opener.kind == "variable_begin" else "%}"
    before, found, _ = rest.partition(end)
    return None if found and "{{" not in before and "{%" not in before else opener


def _block_never_closed(message: str, places: Places) -> TemplateProblem:
    innermost = _INNERMOST.search(message)
    name = innermost[1] if innermost else "if"
    opened: list[Piece] = []
    for begin, tag in zip(places.pieces, places.pieces[1:], strict=False):
        if begin.kind != "block_begin":
            continue
        if tag.text in _CLOSED or tag.text == name:
            opened.append(Piece("tag", tag.text, begin.start, tag.end))
        elif tag.text.startswith("end") and opened:
            opened.pop()
    place = next((one for one in reversed(opened) if one.text == name), None)
    return _problem(
        f"`{{% {name} %}}` is never closed",
        place or places.pieces[-1],
        f"add `{{% end{name} %}}`",
    )


def _unknown_tag(message: str, offset: int, places: Places) -> TemplateProblem | None:
    unknown = _UNKNOWN_TAG.match(message)
    if unknown is None:
        return None
    name, place = unknown[1], places.pieces[places.index_at(offset)]
    looking = _LOOKING.search(message)
    if name.startswith("end") or name in {"else", "elif"}:
        if looking is None:
            return _problem(f"`{{% {name} %}}` closes nothing here", place, "take it away")
        wanted = " or ".join(f"`{{% {one} %}}`" for one in re.findall(r"'(\w+)'", looking[1]))
        return _problem(f"expected {wanted}, found `{{% {name} %}}`", place)
    return _problem(f"no tag `{name}` in templates", place, suggest(name, _TAGS))


def _unexpected(message: str, offset: int, places: Places) -> TemplateProblem:
    if message.startswith("unexpected char"):
        return _unexpected_character(places)
    bracket = _BRACKET.match(message)
    if bracket:
        return _unexpected_bracket(bracket, offset, places)
    place = _place(offset, places)
    found = _END if "end of template" in message else _found(place, places)
    expected = _EXPECTED.search(message)
    if expected:
        wanted = _TOKENS.get(expected[1], f"`{expected[1]}`")
        if expected[1] == "name" and (before := _before(place, places)):
            wanted = before
        hint = _OTHER_LANGUAGES.get(place.text)
        return _problem(f"expected {wanted}, found {found}", place, hint)
    wanted = next((said for start, said in _WANTED if message.startswith(start)), "")
    if wanted:
        return _problem(f"{wanted}, found {found}", place)
    if place.kind == "string":
        return _problem("the text has a `\\` that means nothing", place, "write `\\\\`")
    return _problem(_reworded(message, found), place)


_WANTED = (
    ("Expected an expression", "expected an expression"),
    ("tag name expected", "expected the name of a tag"),
    ("expected name or number", "expected a name after `.`"),
    ("unexpected '", "expected an expression"),
)


def _before(place: Piece, places: Places) -> str | None:
    """Return what a name would be after `|` or `is`."""
    at = places.index_at(place.start)
    last = places.pieces[at - 1].text if at else ""
    return {"|": "the name of a filter after `|`", "is": "the name of a test after `is`"}.get(last)


def _unexpected_bracket(bracket: re.Match[str], offset: int, places: Places) -> TemplateProblem:
    place = Piece("operator", bracket[1], offset, offset + 1)
    if bracket[2]:
        return _problem(f"expected `{bracket[2]}`, found `{bracket[1]}`", place)
    begun = [one for one in places.pieces if one.start < offset and one.kind == "operator"]
    opened = sum((one.text in "([{") - (one.text in ")]}") for one in begun)
    if opened > 0:
        return _problem(f"expected an expression, found `{bracket[1]}`", place)
    return _problem(f"`{bracket[1]}` closes nothing here", place, "take it away")


def _place(offset: int, places: Places) -> Piece:
    if not places.pieces:
        return Piece("data", places.source, 0, len(places.source))
    return places.pieces[places.index_at(offset)]


def _unexpected_character(places: Places) -> TemplateProblem:
    at = places.next_offset()
    character = places.source[at]
    if character in "'\"":
        return TemplateProblem(
            "template/syntax",
            f"the text that begins with `{character}` is never closed",
            at,
            at + 1,
            f"add `{character}` where it ends",
        )
    said = f"unexpected character `{character}`"
    return TemplateProblem("template/syntax", said, at, at + 1, _OTHER_LANGUAGES.get(character))


def _found(place: Piece, places: Places) -> str:
    if place.end >= len(places.source) and place.kind in {"variable_begin", "block_begin"}:
        return "the end of the text"
    return "text" if place.kind == "data" else f"`{place.text.strip()}`"


def _reworded(message: str, found: str) -> str:
    """Keep a rare sentence of the parser, in the form that ours have."""
    if "cannot assign" in message or "can't assign" in message.lower():
        return f"expected a name to assign to, found {found}"
    plain = message.rstrip(".").replace("'", "`").replace("Jinja", "the template")
    return plain[:1].lower() + plain[1:] if plain else f"unexpected {found}"
