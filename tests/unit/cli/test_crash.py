"""The crash file: places and versions, and nothing that anybody said."""

import tempfile
from pathlib import Path

import pytest

from flowrun.cli.crash import MOST_FRAMES, write_crash
from flowrun.ids import VERSION

CANARY = "canary-5c2e"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def fail_with(secret):
    local = secret
    try:
        raise KeyError(local)
    except KeyError as first:
        raise RuntimeError(f"about {secret}") from first


def failure(work, *given):
    with pytest.raises(BaseException) as raised:
        work(*given)
    return raised.value


def written(folder):
    [file] = folder.iterdir()
    return file.read_text("utf-8")


def test_the_file_names_versions_command_and_places(folder):
    sentence, hint = write_crash(failure(fail_with, CANARY), "execute")
    [file] = folder.iterdir()
    assert sentence == f"this is a bug in flowrun (RuntimeError); it is described in {file}"
    assert "report" in hint
    text = written(folder)
    assert text.startswith(f"flowrun {VERSION}, Python 3.")
    assert "command: execute\n" in text
    assert f"{Path(__file__).name}:" in text
    assert " in fail_with\n" in text


def test_no_value_is_in_it(folder):
    sentence, hint = write_crash(failure(fail_with, CANARY), "execute")
    assert CANARY not in written(folder) + sentence + hint


def test_what_led_to_it_is_told_as_well(folder):
    write_crash(failure(fail_with, CANARY), "execute")
    kinds = [line for line in written(folder).splitlines()[2:] if not line.startswith("  ")]
    assert kinds == ["RuntimeError", "KeyError"]


def test_members_of_a_group_are_told(folder):
    def gather():
        raise ExceptionGroup(CANARY, [failure(fail_with, CANARY), ValueError(CANARY)])

    write_crash(failure(gather), "execute")
    text = written(folder)
    assert "RuntimeError\n" in text
    assert "ValueError\n" in text
    assert CANARY not in text


def test_an_endless_recursion_makes_no_endless_file(folder):
    def sink():
        sink()

    write_crash(failure(sink), "check")
    assert written(folder).count("\n") <= MOST_FRAMES + 3


def test_a_failure_that_is_its_own_context_ends(folder):
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    write_crash(one, "check")
    assert written(folder).count("ValueError") == 1


def test_without_a_folder_for_it_the_places_are_told_at_once(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    sentence, _ = write_crash(failure(fail_with, CANARY), "check")
    assert " in fail_with\n" in sentence
    assert CANARY not in sentence
