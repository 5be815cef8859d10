"""Pages of the catalogue and the table of exit codes."""

from dataclasses import dataclass

from flowrun import errors
from flowrun.views.explain import EXIT_CODES, codes_text, exit_codes_text, page_text


@dataclass(frozen=True)
class Page:
    code: str
    title: str
    meaning: str = ""
    example: str = ""
    fix: str = ""


CYCLE = Page(
    code="graph/cycle",
    title="steps wait for each other",
    meaning="Each of these steps needs the next, so none can begin.",
    example="steps:\n  a: {needs: [b]}\n  b: {needs: [a]}\n",
    fix="Take one of the needs away.",
)


def test_a_page():
    assert page_text(CYCLE) == (
        "graph/cycle: steps wait for each other\n"
        "\n"
        "Each of these steps needs the next, so none can begin.\n"
        "\n"
        "For example:\n"
        "\n"
        "    steps:\n"
        "      a: {needs: [b]}\n"
        "      b: {needs: [a]}\n"
        "\n"
        "Instead:\n"
        "\n"
        "    Take one of the needs away.\n"
    )


def test_the_list_of_codes_is_grouped_by_stage():
    pages = [Page("bind/unknown-key", "a key"), Page("bind/one-kind", "kinds"), CYCLE]
    assert codes_text(pages) == (
        "bind/unknown-key  a key\n"
        "bind/one-kind     kinds\n"
        "\n"
        "graph/cycle       steps wait for each other\n"
        "\n"
        "one of them: flowrun explain CODE\n"
    )


def test_every_exit_code_that_an_error_has_is_in_the_table():
    raised = {
        one.exit_code
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.FlowrunError)
    }
    assert raised <= set(EXIT_CODES)
    assert list(EXIT_CODES) == sorted(EXIT_CODES)


def test_the_table_of_exit_codes():
    lines = exit_codes_text().splitlines()
    assert lines[:2] == ["code  meaning", "0     done"]
    assert len(lines) == len(EXIT_CODES) + 1
