"""What several of the `runs` commands read alike."""

import pytest

from flowrun.app.project import Project
from flowrun.cli.run_options import named_sender, resumable
from flowrun.errors import BadRequest


def test_who_answers_is_named_on_one_line_or_by_the_login(monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    assert named_sender(None) == "ann"
    assert named_sender(" bob\nat work ") == "bob at work"


@pytest.mark.parametrize("given", ["", " \n"])
def test_nobody_is_no_name(given):
    with pytest.raises(BadRequest, match="expected a name after `--as`"):
        named_sender(given)


def test_a_project_elsewhere_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    assert resumable("r-1", Project(root=tmp_path)) == "flowrun runs resume r-1"
    elsewhere = resumable("r-1", Project(root=tmp_path / "other"))
    assert elsewhere == "flowrun runs resume r-1 --project other"
