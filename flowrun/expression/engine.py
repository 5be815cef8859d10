"""Templates that Jinja compiles and runs, and what to say when they fail."""

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Template as JinjaTemplate
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from flowrun.expression.lookup import TEXT_LIMIT, TOO_LONG, to_json
from flowrun.expression.places import Places
from flowrun.expression.sandbox import BUDGET, ENVIRONMENT, Budget, Rewrite, refuse_missing
from flowrun.expression.survey import survey
from flowrun.expression.syntax import RESULT, parse
from flowrun.expression.terms import Analysis, ExpressionFailed, Refused, TemplateProblem
from flowrun.ids import JsonValue

_FILE = "<flowrun template>"
_FAILURES = (
    TemplateError,
    Refused,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template in the form that Jinja runs."""

    program: JinjaTemplate
    places: Places
    native: bool

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        """Return the value; see `terms.Value`."""
        names = {**ENVIRONMENT.globals, **scope, BUDGET: Budget()}
        try:
            return self._value(names) if self.native else self._text(names)
        except _FAILURES as error:
            raise ExpressionFailed(self._expression(error), _reason(error)) from error

    def _value(self, names: Mapping[str, object]) -> JsonValue:
        context = self.program.new_context(dict(names), shared=True)
        for _ in self.program.root_render_func(context):
            pass
        value = context.vars[RESULT]
        refuse_missing(value)
        return to_json(value)

    def _text(self, names: Mapping[str, object]) -> str:
        context = self.program.new_context(dict(names), shared=True)
        parts: list[str] = []
        size = 0
        for part in self.program.root_render_func(context):
            size += len(part)
            if size > TEXT_LIMIT:
                raise Refused(TOO_LONG)
            parts.append(part)
        return "".join(parts)

    def _expression(self, error: BaseException) -> str:
        """Return the expression that was at work: the code's lines stand for offsets."""
        line: int | None = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == _FILE:
                line = trace.tb_lineno
            trace = trace.tb_next
        offset = self.program.get_corresponding_lineno(line) - 1 if line is not None else 0
        return self.places.expression_at(offset)


def analyse_with_jinja(text: str, *, bare: bool) -> Analysis | TemplateProblem:
    """Return a text's references, or what is wrong with it."""
    parsed = parse(text, bare=bare)
    return parsed if isinstance(parsed, TemplateProblem) else survey(parsed)


def compile_with_jinja(text: str, *, bare: bool) -> Compiled:
    """Compile a text.

    Raises:
        ExpressionFailed: it is not a template; `analyse_with_jinja` says so with a place.
    """
    parsed = parse(text, bare=bare)
    if isinstance(parsed, TemplateProblem):
        raise ExpressionFailed(text, parsed.message)
    found = survey(parsed)
    if isinstance(found, TemplateProblem):
        raise ExpressionFailed(text, found.message)
    tree = Rewrite().visit(parsed.tree)
    tree.set_environment(ENVIRONMENT)
    try:
        code = ENVIRONMENT.compile(tree, filename=_FILE)
    except TemplateSyntaxError as error:
        raise ExpressionFailed(text, error.message or "it is not a template") from error
    program = ENVIRONMENT.template_class.from_code(ENVIRONMENT, code, {})
    return Compiled(program, parsed.places, parsed.native)


def _reason(error: Exception) -> str:
    match error:
        case Refused() | TemplateError():
            return str(error)
        case ZeroDivisionError():
            return "division by zero"
        case OverflowError():
            return "the number is too large"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return "the values do not fit together"
