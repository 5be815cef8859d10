"""The command line itself: every failure has its code and its sentence, and nothing else."""

import inspect
import os
import subprocess
import sys
import tempfile

import click
import pytest

from flowrun import errors
from flowrun.app.secrets import SecretMissing
from flowrun.cli.main import COMMANDS, exit_code_of
from flowrun.cli.streams import OutputLost
from flowrun.errors import FlowrunError, InvalidSource
from flowrun.ids import VERSION
from tests.support.commands import flowrun
from tests.support.processes import environment
from tests.support.projects import REPLIES, TALK, make
from tests.support.reports import report_of

FAILURES = [
    (FlowrunError("it failed"), 1),
    (errors.BadRequest("it failed"), 64),
    (errors.ProjectError("it failed"), 3),
    (errors.EndpointError("e", "it failed"), 1),
    (errors.EndpointUnavailable("e", "it failed"), 1),
    (errors.EndpointLimited("e", "it failed"), 1),
    (errors.EndpointDenied("e", "it failed"), 4),
    (errors.EndpointRefused("e", "it failed"), 1),
    (errors.StorageError("s", "it failed"), 1),
    (errors.StoreLocked("s", "somebody"), 6),
    (errors.StoreTooNew("s", "9", "1"), 7),
    (errors.OwnershipLost("s"), 7),
    (errors.RunNotFound("r"), 64),
    (errors.RunConflict("r", "is over"), 7),
    (errors.AlreadyAnswered("r", "q", "approved by ann"), 7),
    (errors.RunCrashLoops("r", 3, "steps/a"), 7),
    (errors.RuntimeRejected("it failed"), 1),
    (errors.IllegalTransition("m", "s", "e"), 70),
    (SecretMissing("S"), 4),
    (OutputLost("no space"), 1),
]


def ended(capsys, failure):
    """Return the exit code and stderr of work that raises."""

    def work():
        raise failure

    capsys.readouterr()
    code = exit_code_of(work)
    written = capsys.readouterr()
    assert written.out == ""
    return code, written.err


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("failure", "code"), FAILURES, ids=lambda one: type(one).__name__)
def test_every_failure_has_its_code_and_one_sentence(capsys, failure, code):
    hint = f"help: {failure.hint}\n" if failure.hint else ""
    assert ended(capsys, failure) == (code, f"error: {failure}\n{hint}")


def test_no_failure_was_forgotten():
    known = {type(one) for one, _ in FAILURES} | {InvalidSource}
    declared = {
        one
        for _, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, FlowrunError)
    }
    assert declared <= known


def test_a_refused_source_is_shown_with_its_excerpt(capsys):
    code, err = ended(capsys, InvalidSource(report_of("a: [1\n"), 1))
    assert code == 3
    assert err.startswith("error[yaml/unclosed]")
    assert "a.yaml:1:4" in err


def test_a_bug_is_reported_as_one_without_its_words(capsys, folder):
    code, err = ended(capsys, RuntimeError("canary-88"))
    assert code == 70
    assert err.startswith("error: this is a bug in flowrun (RuntimeError); it is described in ")
    [file] = folder.glob("flowrun-crash-*")
    assert "canary-88" not in err + file.read_text("utf-8")


@pytest.mark.parametrize("failure", [SystemExit(0), OSError(2, "no such file"), RecursionError()])
def test_whatever_else_comes_is_a_bug_and_never_success(capsys, failure):
    assert ended(capsys, failure)[0] == 70


def test_a_full_disk_is_no_bug(capsys):
    code, err = ended(capsys, OSError(28, "canary"))
    assert (code, err) == (1, "error: standard output cannot be written: no space left on device\n")


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_quiet(capsys, failure):
    assert ended(capsys, failure) == (130, "")


def test_what_is_said_cannot_move_the_cursor(capsys):
    _, err = ended(capsys, errors.BadRequest("no file `\x1b[2J`"))
    assert err == "error: no file `\\x1b[2J`\n"


def test_without_arguments_the_help_is_shown_and_the_usage_was_wrong(capsys):
    ran = flowrun(capsys)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith("Usage: flowrun")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command_once(capsys, option):
    ran = flowrun(capsys, option)
    assert (ran.code, ran.err) == (0, "")
    for name, said in COMMANDS.items():
        assert f"  {name} " in ran.out
        assert said[:40] in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_says_what_the_table_says(capsys, name):
    ran = flowrun(capsys, name, "-h")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: flowrun {name} ")


def test_the_version(capsys):
    assert flowrun(capsys, "--version").out == f"flowrun {VERSION}\n"


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["exeute"], "no command `exeute`: did you mean `execute`?", "flowrun"),
        (["--fromat"], "no such option `--fromat`", "flowrun"),
        (["execute"], "missing argument `FLOW`", "flowrun execute"),
        (["check", "--format", "x"], "invalid value for `--format`: `x` is not", "flowrun check"),
        (["runs", "lst"], "no such command `lst`", "flowrun runs"),
        (["runs", "show"], "missing argument `RUN`", "flowrun runs show"),
    ],
)
def test_bad_usage_is_64_and_one_sentence(capsys, arguments, said, hint):
    ran = flowrun(capsys, *arguments)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith(f"error: {said}")
    assert ran.err.endswith(f"help: {hint} --help\n")
    assert ran.err.count("\n") == 2


def test_a_far_miss_lists_what_there_is(capsys):
    assert "known: `check`" in flowrun(capsys, "frobnicate").err


def test_a_group_without_a_command_shows_its_help(capsys):
    ran = flowrun(capsys, "runs")
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith("Usage: flowrun runs ")
    assert "error" not in ran.err


def shell(folder, command):
    """Run a line of shell, in which `flowrun` is this one."""
    line = f'flowrun() {{ "{sys.executable}" -m flowrun "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.stdout, done.stderr


def test_a_reader_who_leaves_early_is_no_failure(folder):
    make(folder, bad_flow_yaml="version: 9\n")
    out, err = shell(
        folder,
        "flowrun schema | true; echo ${PIPESTATUS[0]};"
        "flowrun check bad.flow.yaml | true; echo ${PIPESTATUS[0]};"
        "flowrun check none.flow.yaml 2>&1 | true; echo ${PIPESTATUS[0]}",
    )
    assert (out, err) == ("0\n3\n3\n", "")


def test_a_full_disk_is_said_and_is_not_success(folder):
    make(folder, good_flow_yaml="version: 1\nname: a\nassistants: {}\nsteps: {}\n")
    out, err = shell(folder, "flowrun schema > /dev/full; echo $?; flowrun -h > /dev/full; echo $?")
    assert out == "1\n1\n"
    assert err == "error: standard output cannot be written: no space left on device\n" * 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_keep_nothing_from_running(folder, closed):
    make(folder, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK, talk_replies_yaml=REPLIES)
    out, err = shell(folder, f"(flowrun execute talk.flow.yaml {closed}); echo $?")
    assert out == ("Mild.\n0\n" if closed == "2>&-" else "0\n"), err
    out, err = shell(folder, "flowrun runs list --format json")
    assert '"status": "completed"' in out, err


@pytest.mark.parametrize("unset", ["HOME", "PATH", "TERM", "LANG", "TMPDIR"])
def test_no_variable_of_the_system_is_needed(folder, unset):
    make(folder, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK, talk_replies_yaml=REPLIES)
    out, err = shell(folder, f"unset {unset}; flowrun execute talk.flow.yaml")
    assert out == "Mild.\n", err


def test_a_directory_that_is_gone_is_one_sentence(folder):
    inside = folder / "gone"
    inside.mkdir()
    make(folder, talk_flow_yaml=TALK)
    commands = ("check", "runs list", "execute ../talk.flow.yaml", "doctor")
    line = "; ".join(f"flowrun {one}; echo $?" for one in commands)
    out, err = shell(folder, f"cd gone; rmdir ../gone; {line}")
    assert out == "3\n" * len(commands)
    assert err == "error: the current directory is gone\nhelp: change to another one\n" * 4


def test_the_null_device_is_a_stream_like_any_other(folder):
    make(folder, talk_flow_yaml=TALK)
    out, _ = shell(folder, f"flowrun check talk.flow.yaml > {os.devnull}; echo $?")
    assert out == "0\n"
