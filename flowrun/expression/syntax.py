"""Read a text as a Jinja template, keeping for every node the offset at which it stands.

The library counts lines only. Here its lexer's tokens are handed to its parser with offsets in the
place of line numbers, so every node and every syntax error knows its character. Imported only for
texts that `expression.plain` does not read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer, TokenStream
from jinja2.parser import Parser

from flowrun.expression.mistakes import explain
from flowrun.expression.places import Offsets, Places
from flowrun.expression.sandbox import ENVIRONMENT
from flowrun.expression.terms import TemplateProblem

_NEWLINE = re.compile(r"\r\n|\r")
RESULT = "flowrun_result"
"""Where a tree that is one expression leaves its value."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text as a tree. A node's `lineno` is its offset in `places.source`, plus one."""

    tree: nodes.Template
    places: Places
    native: bool
    """The tree is one expression, stored under `RESULT`."""
    offsets: Offsets


def parse(text: str, *, bare: bool = False) -> Parsed | TemplateProblem:
    """Parse a text; with `bare`, the text is an expression without braces."""
    source = _NEWLINE.sub("\n", text)
    offsets = _offsets(text) if len(source) != len(text) else Offsets()
    places = Places(source)
    try:
        tree, native = _parse(places, bare=bare)
    except TemplateSyntaxError as error:
        return _moved(explain(error.message or "", error.lineno - 1, places), offsets)
    except RecursionError:
        return TemplateProblem(
            "template/syntax",
            "the template is nested too deeply",
            0,
            len(text),
            "take it apart with `{% set %}`",
        )
    return Parsed(tree, places, native, offsets)


def _parse(places: Places, *, bare: bool) -> tuple[nodes.Template, bool]:
    lexer = ENVIRONMENT.lexer
    tokens = lexer.wrap(_tokens(lexer, places, "variable" if bare else None))
    parser = Parser(ENVIRONMENT, "")
    parser.stream = TokenStream(tokens, None, None)
    if bare:
        expression = parser.parse_expression()
        if not parser.stream.eos:
            parser.fail("expected token 'end of expression'")
        return _result(expression), True
    tree = parser.parse()
    only = _only_expression(tree, places.source)
    return (_result(only), True) if only else (tree, False)


def _only_expression(tree: nodes.Template, source: str) -> nodes.Expr | None:
    if not (source.startswith("{{") and source.endswith("}}")) or len(tree.body) != 1:
        return None
    output = tree.body[0]
    if not isinstance(output, nodes.Output) or len(output.nodes) != 1:
        return None
    only = output.nodes[0]
    return None if isinstance(only, nodes.TemplateData) else only


def _result(expression: nodes.Expr) -> nodes.Template:
    target = nodes.Name(RESULT, "store", lineno=expression.lineno)
    assign = nodes.Assign(target, expression, lineno=expression.lineno)
    tree = nodes.Template([assign], lineno=1)
    tree.set_environment(ENVIRONMENT)
    return tree


def _tokens(lexer: Lexer, places: Places, state: str | None) -> Iterator[tuple[int, str, str]]:
    """Yield the lexer's tokens with offset + 1 in the place of the line number."""
    try:
        for _, kind, text in lexer.tokeniter(places.source, None, None, state):
            yield places.record(kind, text).start + 1, kind, text
    except TemplateSyntaxError as error:
        raise TemplateSyntaxError(error.message or "", places.next_offset() + 1) from error


def _offsets(text: str) -> Offsets:
    pairs = [found.start() for found in re.finditer("\r\n", text)]
    return Offsets(tuple(at - index for index, at in enumerate(pairs)))


def _moved(problem: TemplateProblem, offsets: Offsets) -> TemplateProblem:
    if not offsets.removed:
        return problem
    return TemplateProblem(
        problem.code,
        problem.message,
        offsets.original(problem.start),
        offsets.original(problem.end),
        problem.hint,
    )
