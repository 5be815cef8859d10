"""The doctor finds what is broken, and tells nobody's secrets."""

import os
import shutil
import subprocess

import pytest

from flowrun.app.doctor import count_broken, examine
from flowrun.ids import VERSION
from flowrun.storage.database import open_database

CANARY = "sk-canary-0123456789"


def found(folder, **environ):
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder.parent)} | environ
    return {f"{one.section}/{one.name}": one for one in examine(folder, environ)}


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "flowrun.yaml").write_text("version: 1\n", "utf-8")
    return folder


def test_a_sound_project_has_nothing_broken(project):
    rows = found(project, OPENAI_API_KEY=CANARY)
    assert count_broken(rows.values()) == 0
    assert rows["installation/flowrun"].said == VERSION
    assert rows["project/root"].said == "~/shop"
    assert rows["store/content"].said == "none yet; the first run makes it"
    assert rows["endpoints/openai"].said == "OpenAI's address, key present"


def test_an_empty_folder_is_a_project_with_defaults(tmp_path):
    rows = found(tmp_path)
    assert rows["project/settings"].state == "note"
    assert rows["endpoints/openai"].state == "note"
    assert "OPENAI_API_KEY" in rows["endpoints/openai"].hint


def test_settings_with_errors_are_broken_and_the_rest_is_still_told(project):
    (project / "flowrun.yaml").write_text("version: 1\nendpoint: {}\n", "utf-8")
    rows = found(project)
    assert rows["project/settings"].state == "broken"
    assert "installation/openai" in rows


def test_no_value_of_a_secret_is_told(project):
    (project / "flowrun.yaml").write_text(
        "version: 1\n"
        "endpoints:\n"
        "  here: {base_url: 'http://user:hunter2@localhost:8000/v1?key=hunter2'}\n"
        "  there: {base_url: 'https://there.example/v1', api_key: '${secret:THERE_KEY}'}\n"
        "  nowhere: {base_url: 'https://no.example/v1', api_key: '${secret:NO_KEY}'}\n"
        "  plain: {base_url: 'https://plain.example/v1', api_key: '${PLAIN}'}\n",
        "utf-8",
    )
    rows = found(project, THERE_KEY=CANARY, PLAIN=CANARY, OPENAI_API_KEY=CANARY)
    said = repr(rows)
    assert CANARY not in said
    assert "hunter2" not in said
    assert rows["endpoints/here"].said == "http://localhost:8000/v1, chat, no key asked for"
    assert rows["endpoints/there"].said == "https://there.example/v1, chat, key present"
    assert rows["endpoints/nowhere"].said == "https://no.example/v1, chat, key `NO_KEY` missing"
    assert rows["endpoints/nowhere"].state == "note"
    assert rows["endpoints/plain"].said.endswith("key present")


def test_a_store_in_use_says_by_whom(project):
    store = open_database(project / ".flowrun" / "store.db", holder="`flowrun execute` (1)")
    try:
        rows = found(project)
    finally:
        store.close()
    assert rows["store/owner"].said == "in use by `flowrun execute` (1)"
    assert rows["store/content"].said == "sound; 0 runs, 0 to be resumed"
    assert found(project)["store/owner"].said == "nobody"


def test_a_store_that_is_no_store_is_broken(project):
    (project / ".flowrun").mkdir()
    (project / ".flowrun" / "store.db").write_text("this is not a database" * 100, "utf-8")
    rows = found(project)
    assert rows["store/content"].state == "broken"
    assert rows["store/content"].hint


def test_examining_writes_nothing(project):
    before = sorted(project.rglob("*"))
    found(project)
    assert sorted(project.rglob("*")) == before


def test_without_git_the_rest_is_told(project):
    rows = found(project, PATH="")
    assert rows["git/git"].said == "not on PATH"
    assert "installation/flowrun" in rows


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_a_store_that_git_would_keep_is_noted(project):
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    assert found(project)["git/store"].state == "note"
    (project / ".gitignore").write_text(".flowrun/\n", "utf-8")
    assert found(project)["git/store"].said == "ignored"
