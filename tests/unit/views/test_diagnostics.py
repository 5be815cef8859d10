"""Which form a report is shown in."""

import subprocess
import sys
from pathlib import Path

import pytest

import flowrun
from flowrun.source.report import Report
from flowrun.views.diagnostics import render_report
from tests.support.reports import report_of


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_every_form_ends_with_a_line_feed(form):
    assert render_report(report_of("a: 1\na: 2\n"), form).endswith("\n")


def test_a_report_without_complaints_is_no_text_at_all():
    assert render_report(Report((), {})) == ""
    assert render_report(Report((), {}), "github") == ""
    assert '"diagnostics": []' in render_report(Report((), {}), "json")
    assert '"results": []' in render_report(Report((), {}), "sarif")


def test_a_form_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="gitlab"):
        render_report(Report((), {}), "gitlab")


def test_the_pages_of_the_catalogue_are_loaded_for_sarif_alone():
    script = (
        "import sys\n"
        "from flowrun.source.report import Report\n"
        "from flowrun.views.diagnostics import render_report\n"
        "for form in ('text', 'json', 'github'):\n"
        "    render_report(Report((), {}), form)\n"
        "sys.exit(any('catalog' in name for name in sys.modules))"
    )
    root = Path(flowrun.__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0
