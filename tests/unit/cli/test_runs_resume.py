"""`flowrun runs resume` as a shell sees it."""

from tests.support.commands import flowrun
from tests.support.projects import ASK, execute, make


def test_a_run_that_waits_waits_on_and_says_what_answers_it(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    execute("ask.flow.yaml", run_id="one")
    ran = flowrun(capsys, "runs", "resume", "one", "--no-ask", "--force")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.endswith("  flowrun runs answer one ok --reject\n")
