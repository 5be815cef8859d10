"""Secrets: looked up late, in two places, and never part of a sentence."""

import os

import pytest

from flowrun.app.secrets import SecretMissing, Secrets, SecretUnreadable

CANARY = "canary-7d1f"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "TOKEN").write_text(f"{CANARY}\n", "utf-8")
    return tmp_path


def looking(folder, **environ):
    return Secrets({"FLOWRUN_SECRETS_DIR": str(folder), **environ})


def test_the_environment_comes_first(folder):
    assert looking(folder, TOKEN="from-environment")("TOKEN") == "from-environment"


def test_then_the_mounted_file_without_its_line_end(folder):
    assert looking(folder)("TOKEN") == CANARY


def test_an_empty_variable_counts_as_not_set(folder):
    assert looking(folder, TOKEN="")("TOKEN") == CANARY


@pytest.mark.parametrize("environ", [{}, {"FLOWRUN_SECRETS_DIR": ""}])
def test_without_a_folder_there_is_only_the_environment(environ, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(SecretMissing) as missing:
        Secrets(environ)("TOKEN")
    assert missing.value.exit_code == 4
    assert "FLOWRUN_SECRETS_DIR" in missing.value.hint


def test_only_a_file_with_something_in_it_is_a_secret(folder):
    (folder / "EMPTY").write_text("\n", "utf-8")
    (folder / "FOLDER").mkdir()
    os.mkfifo(folder / "PIPE")
    for name in ("EMPTY", "FOLDER", "PIPE", "NOWHERE"):
        with pytest.raises(SecretMissing):
            looking(folder)(name)


def test_a_file_that_is_no_text_is_refused_without_a_word_of_it(folder):
    (folder / "BYTES").write_bytes(CANARY.encode() + b"\xff")
    with pytest.raises(SecretUnreadable) as refused:
        looking(folder)("BYTES")
    assert "not UTF-8" in str(refused.value)
    assert refused.value.__cause__ is None
    assert CANARY not in str(refused.value) + str(refused.value.hint)


def test_a_folder_that_is_a_file_holds_nothing(folder):
    with pytest.raises(SecretMissing):
        looking(folder / "TOKEN")("TOKEN")


def test_every_reference_in_a_text_is_filled_in(folder):
    secrets = looking(folder, A="1", B="2")
    assert secrets.resolve("Bearer ${secret:A}.${secret:B} ${HOME} $A") == "Bearer 1.2 ${HOME} $A"


def test_a_value_that_looks_like_a_reference_is_left_alone():
    secrets = Secrets({"A": "${secret:B}", "B": "2"})
    assert secrets.resolve("${secret:A}") == "${secret:B}"
