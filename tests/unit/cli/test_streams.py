"""Streams that are closed, full, or read by nobody."""

import io
import os
import subprocess
import sys

import pytest

from flowrun.cli.streams import OutputLost, deliver, delivering, settle, silence, tell
from tests.support.repository import ROOT, run_python


@pytest.fixture
def unread():
    """A stream whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:  # noqa: PTH123
        yield stream
        if not stream.closed:
            silence(stream)


@pytest.fixture
def full():
    with open("/dev/full", "w", encoding="utf-8") as stream:  # noqa: PTH123
        yield stream
        if not stream.closed:
            silence(stream)


def test_a_result_is_written_and_passed_on():
    stream = io.StringIO()
    deliver("hello\n", stream)
    with delivering(stream):
        stream.write("again\n")
    assert stream.getvalue() == "hello\nagain\n"


def test_a_reader_who_has_gone_misses_nothing_that_is_an_error(unread):
    deliver("hello\n" * 100_000, unread)
    deliver("more\n", unread)


def test_a_full_disk_is_an_error_in_one_sentence_and_only_once(full):
    with pytest.raises(OutputLost) as lost:
        deliver("hello\n", full)
    assert str(lost.value) == "standard output cannot be written: no space left on device"
    assert lost.value.exit_code == 1
    deliver("more\n", full)


def test_what_is_no_file_can_be_silenced_too():
    silence(io.StringIO())
    closed = io.StringIO()
    closed.close()
    silence(closed)


def test_narrative_that_nobody_can_be_told_is_left_out(monkeypatch, unread, full, capsys):
    for stream in (unread, full):
        monkeypatch.setattr(sys, "stderr", stream)
        tell("hello")
    monkeypatch.undo()
    tell("hello")
    assert capsys.readouterr().err == "hello\n"


def test_nothing_is_left_that_could_fail_when_the_process_ends(monkeypatch, unread, full):
    unread.write("hello")
    full.write("hello")
    monkeypatch.setattr(sys, "stdout", full)
    monkeypatch.setattr(sys, "stderr", unread)
    settle()
    monkeypatch.undo()
    unread.close()
    full.close()


SECURED = """
import os, sys
from flowrun.cli.streams import secure_streams
secure_streams()
numbers = [os.fstat(one).st_rdev == os.stat(os.devnull).st_rdev for one in (0, 1, 2)]
with open(sys.argv[1], "w") as file:
    print(file.fileno(), *numbers, file=file)
print("result")
print("narrative", file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("closed", "nowhere"),
    [
        (">&-", [False, True, False]),
        ("2>&-", [False, False, True]),
        ("<&- >&- 2>&-", [True, True, True]),
    ],
)
def test_a_closed_descriptor_is_never_given_to_another_file(tmp_path, closed, nowhere):
    told = tmp_path / "told"
    command = f'exec "$0" -c "$1" "$2" {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, SECURED, str(told)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    number, *found = told.read_text("utf-8").split()
    assert done.returncode == 0
    assert int(number) > 2
    assert found == [str(one) for one in nowhere]
    assert done.stdout == ("" if nowhere[1] else "result\n")
    assert done.stderr == ("" if nowhere[2] else "narrative\n")


@pytest.mark.parametrize(
    "environ", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_what_is_piped_is_utf_8_whatever_the_locale(environ):
    text = "from flowrun.cli.streams import secure_streams as s; s(); print('\\u2615 \\udcff')"
    environ = {"PYTHONCOERCECLOCALE": "0", **environ}
    done = run_python("-c", text, **environ)
    assert (done.returncode, done.stdout) == (0, "☕ \\udcff\n"), done.stderr
