"""Lines typed on a terminal, and whether there is one."""

import asyncio
import io
import os
import pty
import sys

import pytest

from flowrun.cli.terminal import can_ask, forget_typed, read_line, who_asks


@pytest.fixture
def keyboard(monkeypatch):
    """Return the other end of a terminal that is standard input."""
    master, slave = pty.openpty()
    with open(slave, encoding="utf-8") as stdin:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", stdin)
        yield master
    os.close(master)


def read(*prompts):
    async def whole():
        return [await read_line(prompt) for prompt in prompts]

    return asyncio.run(whole())


def test_a_line_is_read_without_its_end(keyboard, capsys):
    os.write(keyboard, "schön\n".encode())
    assert read("name: ") == ["schön"]
    assert capsys.readouterr() == ("", "name: ")


def test_lines_that_were_typed_ahead_are_read_one_by_one(keyboard):
    os.write(keyboard, b"one\n\ntwo\n")
    assert read("", "", "") == ["one", "", "two"]


def test_what_was_typed_before_a_question_is_forgotten(keyboard):
    os.write(keyboard, b"yes\nye")
    forget_typed()
    os.write(keyboard, b"no\n")
    assert read("? ") == ["no"]


def test_an_end_of_input_is_none(keyboard):
    os.write(keyboard, b"\x04")
    assert read("") == [None]


def test_a_terminal_that_was_hung_up_is_an_end_of_input(monkeypatch):
    master, slave = pty.openpty()
    with open(slave, encoding="utf-8") as stdin:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", stdin)
        os.close(master)
        assert read("") == [None]


def test_a_wait_can_be_given_up(keyboard):
    async def whole():
        reading = asyncio.create_task(read_line("? "))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        assert reading.cancelled()
        os.write(keyboard, b"later\n")
        return await read_line("? ")

    assert asyncio.run(whole()) == "later"


@pytest.mark.parametrize("stdin", [io.StringIO("yes"), None])
def test_without_a_terminal_nobody_is_asked(monkeypatch, stdin):
    monkeypatch.setattr(sys, "stdin", stdin)
    assert not can_ask()


def test_a_terminal_that_is_not_ours_is_left_alone(keyboard, monkeypatch):
    monkeypatch.setattr(sys, "stderr", sys.stdin)
    assert not can_ask()


def test_a_person_has_a_name(monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    assert who_asks() == "ann"
