"""`flowrun explain`, offline."""

import pytest

from flowrun.source.catalog import CATALOG
from tests.support.commands import flowrun


def test_a_code_is_explained(capsys):
    ran = flowrun(capsys, "explain", "graph/cycle")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("graph/cycle: ")


@pytest.mark.parametrize("code", CATALOG)
def test_every_code_has_a_page(capsys, code):
    assert flowrun(capsys, "explain", code).out.count("\n") > 6


def test_without_a_code_all_are_listed(capsys):
    ran = flowrun(capsys, "explain")
    assert ran.code == 0
    assert all(f"{code} " in ran.out for code in CATALOG)


def test_a_near_miss_is_suggested(capsys):
    ran = flowrun(capsys, "explain", "graph/cycel")
    assert ran.code == 64
    assert ran.err == (
        "error: no diagnostic has the code `graph/cycel`\nhelp: did you mean `graph/cycle`?\n"
    )


def test_a_far_miss_says_where_the_list_is(capsys):
    ran = flowrun(capsys, "explain", "zzz")
    assert ran.code == 64
    assert ran.err.endswith("help: `flowrun explain` lists them all\n")


def test_exit_codes_have_a_page(capsys):
    ran = flowrun(capsys, "explain", "exit-codes")
    assert ran.code == 0
    assert "\n64    bad usage" in ran.out
