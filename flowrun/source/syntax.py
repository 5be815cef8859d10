"""What the YAML parser stumbled over, in the author's words and at the place to mend.

A parser reports where it gave up; people need to know where the mistake is. An unclosed bracket is
shown at its opener, a tab at the tab, and a template without quotes as what it is.
"""

import re
from dataclasses import dataclass

from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.source.text import SourceText, Span


@dataclass(frozen=True, slots=True)
class Stumble:
    """Why and where the parser gave up. Offsets are code points from the start of the text."""

    problem: str
    at: int
    context: str = ""
    opener: int | None = None
    """Where the thing begins that the parser was reading, if it says."""
    bracket: int | None = None
    """Where the innermost open bracket or brace stands, whatever was read inside it."""
    last_scalar: tuple[int, int, str] | None = None
    """Start, end and quote of the last scalar read before."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template without quotes, by its offsets, to the end of the value it belongs to."""

    start: int
    end: int


_OPENER = re.compile(r"\{[{%]")
_VALUE_BEFORE = re.compile(r"(?:^|[:\-?,\[{]\s+|[\[{,])\Z")
_IN_FLOW = re.compile(r"(?:\{\{.*?\}\}|\{%.*?%\}|[^,\[\]{}\n#])*")
_IN_BLOCK = re.compile(r"(?:(?!\s#)[^\r\n])*")
_AS_KEY = re.compile(r"\{\{[^\n]*?\}\}(?=\s*:(?:\s|\Z))")
_LONGEST_TEMPLATE = 2000

_CLOSERS = {"[": "]", "{": "}"}
_SPECIAL_HINT = "write the text in quotes"
_IN_QUOTES = {
    "'": "write an apostrophe inside the text twice: `''`",
    '"': 'write a quote inside the text as `\\"`',
}


def template_at(text: str, start: int, *, in_flow: bool) -> Template:
    """Return the extent of the unquoted template that begins at an offset."""
    line_start = text.rfind("\n", 0, start) + 1
    is_first = not text[line_start:start].strip(" ")
    key = _AS_KEY.match(text, start) if is_first or in_flow else None
    if key is not None:
        return Template(start, key.end())
    closed = text.find("}}", start, start + _LONGEST_TEMPLATE)
    rest = closed + 2 if closed >= 0 else start + 2
    match = (_IN_FLOW if in_flow else _IN_BLOCK).match(text, rest)
    end = match.end() if match is not None else rest
    while end > rest and text[end - 1].isspace():
        end -= 1
    return Template(start, end)


def find_template(text: str, stumble: Stumble) -> Template | None:
    """Return the unquoted template that made the parser stumble, if that is the reason."""
    for offset in (stumble.at, stumble.opener):
        if offset is None:
            continue
        begin = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", begin)
        line = text[begin : end if end >= 0 else len(text)]
        found = _template_in(text, line, begin, stumble)
        if found is not None:
            return found
    return None


def explain_template(source: SourceText, template: Template) -> Diagnostic:
    """Say that a template must stand in quotes."""
    written = source.text[template.start : template.end]
    quote = "'" if '"' in written else '"'
    shown = written if len(written) <= 60 and "\n" not in written else written[:2] + " … }}"
    return Diagnostic(
        code="yaml/unquoted-template",
        message="a value with a template in it must stand in quotes here",
        span=source.span(template.start, template.end),
        label="YAML reads the brace as a mapping",
        hint=f"write `{quote}{shown}{quote}`",
    )


def explain(source: SourceText, stumble: Stumble) -> Diagnostic:
    """Return the one complaint about a text that is not YAML."""
    return (
        _tab(source, stumble)
        or _unclosed_quote(source, stumble)
        or _unclosed_bracket(source, stumble)
        or _after_quotes(source, stumble)
        or _known_problem(source, stumble)
        or _syntax(source, stumble.at, f"this cannot be read as YAML: {_sentence(stumble.problem)}")
    )


def _template_in(text: str, line: str, begin: int, stumble: Stumble) -> Template | None:
    for match in _OPENER.finditer(line):
        start = begin + match.start()
        before = line[: match.start()]
        in_flow = bool(re.search(r"(?:^|[:\-,\[{]\s*)[\[{]", before))
        if _VALUE_BEFORE.search(before):
            return template_at(text, start, in_flow=in_flow)
        last = stumble.last_scalar
        if last is not None and not last[2] and last[1] <= start and start == stumble.at:
            inner = template_at(text, start, in_flow=True)
            return Template(last[0], inner.end)
    return None


def _tab(source: SourceText, stumble: Stumble) -> Diagnostic | None:
    text = source.text
    for offset in (stumble.at, stumble.opener):
        if offset is None:
            continue
        begin = text.rfind("\n", 0, offset) + 1
        indent = re.compile(r"[ \t]*").match(text, begin)
        stop = indent.end() if indent is not None else begin
        tab = text.find("\t", begin, stop)
        if tab < 0 and text[offset : offset + 1] == "\t":
            tab, stop = offset, offset + 1
        if tab >= 0:
            end = tab
            while end < stop and text[end] == "\t":
                end += 1
            return Diagnostic(
                code="yaml/tab",
                message="YAML is indented with spaces, found a tab",
                span=source.span(tab, end),
                hint="replace the tab with spaces, and let the editor insert spaces",
            )
    return None


def _unclosed_quote(source: SourceText, stumble: Stumble) -> Diagnostic | None:
    text, opener = source.text, stumble.opener
    if stumble.context == "while scanning a quoted scalar" and "unexpected" in stumble.problem:
        return None if opener is None else _unclosed(source, opener, text[opener], len(text))
    last = stumble.last_scalar
    if last is None or last[2] not in ("'", '"') or text[last[1] : stumble.at].strip(" \t"):
        return None
    start = text.find(last[2], last[0], last[1])
    if start >= 0 and "\n" in text[start : last[1]]:
        return _unclosed(source, start, last[2], last[1] - 1)
    return None


def _unclosed_bracket(source: SourceText, stumble: Stumble) -> Diagnostic | None:
    text = source.text
    opener = stumble.bracket
    if stumble.context in ("while parsing a flow sequence", "while parsing a flow mapping"):
        opener = stumble.opener
    if opener is None or text[opener : opener + 1] not in _CLOSERS:
        return None
    bracket = text[opener]
    if _ends_before(source, opener, stumble.at) or not _is_closed(text, opener):
        return _unclosed(source, opener, bracket, stumble.at)
    if opener != stumble.opener:
        return None
    wanted = f"`,` or `{_CLOSERS[bracket]}` expected"
    found = text[stumble.at : stumble.at + 1]
    return Diagnostic(
        code="yaml/syntax",
        message=f"{wanted}, found `{found}`" if found.strip() else wanted,
        span=source.span(stumble.at, stumble.at + 1),
        related=(Label(source.span(opener, opener + 1), "opened here"),),
        hint="write a text with `,`, `:`, brackets or braces in quotes",
    )


def _ends_before(source: SourceText, opener: int, at: int) -> bool:
    """Tell whether a line between two offsets goes back to the opener's indentation."""
    first, last = source.position(opener).line, source.position(at).line
    limit = _indentation(source.line(first))
    for number in range(first + 1, last + 1):
        line = source.line(number)
        if line.strip() and _indentation(line) <= limit and line.strip()[0] not in "]}":
            return True
    return False


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_closed(text: str, opener: int) -> bool:
    """Tell whether the brackets after an opener balance, quotes and comments set aside."""
    token = re.compile(
        r"(?<=[\s,\[{:])\"(?:\\.|[^\"\\])*\"|(?<=[\s,\[{:])'[^']*'|(?<=\s)#[^\n]*|[\[\]{}]"
    )
    depth = 0
    for match in token.finditer(text, opener):
        one = match.group()
        if one in "[{":
            depth += 1
        elif one in "]}":
            depth -= 1
        if depth == 0 and one in "]}":
            return True
    return False


def _unclosed(source: SourceText, opener: int, mark: str, found: int) -> Diagnostic:
    names = {"[": "bracket", "{": "brace"}
    wanted = _CLOSERS.get(mark, mark)
    related: tuple[Label, ...] = ()
    if source.position(found).line != source.position(opener).line and found < len(source.text):
        place = source.span(found, found + 1)
        related = (Label(place, f"`{wanted}` is missing before this"),)
    return Diagnostic(
        code="yaml/unclosed",
        message=f"this {names.get(mark, 'quote')} is never closed",
        span=source.span(opener, opener + 1),
        label="opened here",
        related=related if mark in names else (),
        hint=f"add `{wanted}` where the value ends",
    )


def _known_problem(source: SourceText, stumble: Stumble) -> Diagnostic | None:
    problem = stumble.problem
    at, opener = stumble.at, stumble.opener
    if problem.startswith("mapping values are not allowed"):
        return _stray_colon(source, stumble)
    if problem == "could not find expected ':'":
        return _missing_colon(source, at if opener is None else opener)
    if problem == "found character that cannot start any token" or "found character '" in problem:
        message = f"a text cannot begin with `{source.text[at : at + 1]}`"
        return _syntax(source, at, message, _SPECIAL_HINT)
    if problem == "found unknown escape character":
        start = max(source.text.rfind("\\", 0, at + 1), 0)
        message = f"`{source.text[start : start + 2]}` is no escape in a text in double quotes"
        hint = "write two backslashes, or put the text in single quotes"
        return _syntax(source, start, message, hint, width=2)
    found = next(
        (one for one in _PROBLEMS if one[0] in problem and one[1] in stumble.context), None
    )
    if found is None:
        return None
    _, _, where, message, hint = found
    place = opener if where == "opener" and opener is not None else at
    return _syntax(source, place, message, hint)


_PROBLEMS = (
    (
        "did not find expected key",
        "block mapping",
        "at",
        "a key expected here; the indentation fits none of the mappings above",
        "line the key up with its siblings",
    ),
    (
        "invalid Unicode character escape code",
        "",
        "at",
        "an escape that names no character, or half of one",
        "write the character itself, or its number as in `\\U0001F600`",
    ),
    (
        "did not find expected '-'",
        "",
        "at",
        "a list item (`- ...`) or a line further to the left expected",
        "line the text up with the items, or begin it with `- `",
    ),
    (
        "block sequence entries are not allowed",
        "",
        "at",
        "a list cannot begin on this line",
        "put `- ` on a line of its own, or write the text in quotes",
    ),
    (
        "did not find expected alphabetic or numeric",
        "alias",
        "opener",
        "a text cannot begin with `*`",
        _SPECIAL_HINT,
    ),
    (
        "did not find expected alphabetic or numeric",
        "anchor",
        "opener",
        "a text cannot begin with `&`",
        _SPECIAL_HINT,
    ),
    (
        "did not find expected comment or line break",
        "block scalar",
        "at",
        "a block text begins on the line after `|` or `>`",
        "move the text to the next line, indented",
    ),
    (
        "undefined tag handle",
        "",
        "at",
        "a text cannot begin with `!`",
        _SPECIAL_HINT,
    ),
    (
        "incompatible YAML document",
        "",
        "at",
        "YAML 1.2 expected, found another version",
        "take the `%YAML` line away",
    ),
    (
        "did not find expected node content",
        "",
        "at",
        "a value expected here",
        _SPECIAL_HINT,
    ),
    (
        "did not find expected <document start>",
        "",
        "at",
        "the file's one value ends before this",
        "indent what belongs to it, and check the lines above",
    ),
)
"""Part of the problem, part of the context, which place to show, what to say, what to do."""


def _stray_colon(source: SourceText, stumble: Stumble) -> Diagnostic:
    text, at = source.text, stumble.at
    begin = text.rfind("\n", 0, at) + 1
    before = text[begin:at]
    earlier = re.search(r":\s", before)
    if earlier is None:
        start = begin + _indentation(before)
        unfinished = _line_before(source, stumble, start)
        if unfinished is not None:
            return _missing_colon(source, unfinished)
        message = "this key is indented deeper than the value above it allows"
        hint = "line the key up with its siblings, or write the text above in quotes"
        return _syntax(source, start, message, hint, width=max(at - start, 1))
    message = "a text that contains `: ` must stand in quotes"
    end = text.find("\n", at)
    value = text[begin + earlier.end() : end if end >= 0 else len(text)].strip()
    quoted = f'write `"{value}"`' if len(value) <= 60 and '"' not in value else None
    return _syntax(source, at, message, quoted or _SPECIAL_HINT)


def _after_quotes(source: SourceText, stumble: Stumble) -> Diagnostic | None:
    """Say so when a text in quotes ends on this line and something follows it."""
    last = stumble.last_scalar
    is_key_wanted = stumble.problem.startswith("did not find expected key")
    if not is_key_wanted or last is None or last[2] not in _IN_QUOTES or last[1] > stumble.at:
        return None
    if "\n" in source.text[last[1] : stumble.at]:
        return None
    end = source.text.find("\n", stumble.at)
    rest = source.text[stumble.at : end if end >= 0 else len(source.text)].rstrip()
    message = "the text in quotes has ended before this"
    return _syntax(source, stumble.at, message, _IN_QUOTES[last[2]], width=max(len(rest), 1))


def _line_before(source: SourceText, stumble: Stumble, key: int) -> int | None:
    """Return where the line above begins if it is indented like the key and holds no key."""
    if stumble.last_scalar is None:
        return None
    start, end, quote = stumble.last_scalar
    first = source.text.rfind("\n", 0, start) + 1
    is_alone = not source.text[first:start].strip(" ")
    is_level = source.position(start).column == source.position(key).column
    return start if is_alone and is_level and not quote and start < key < end else None


def _missing_colon(source: SourceText, at: int) -> Diagnostic:
    end = source.text.find("\n", at)
    line = source.text[at : end if end >= 0 else len(source.text)].rstrip()
    message = "`key: value` expected, and this line has no `:`"
    hint = "add the colon and a space, or indent the line if it continues a text"
    return _syntax(source, at, message, hint, width=max(len(line), 1))


def _syntax(
    source: SourceText, at: int, message: str, hint: str | None = None, *, width: int = 1
) -> Diagnostic:
    span: Span = source.span(at, at + width)
    return Diagnostic(code="yaml/syntax", message=message, span=span, hint=hint)


def _sentence(problem: str) -> str:
    return problem.removesuffix(" in this context").strip() or "nothing more is known"
