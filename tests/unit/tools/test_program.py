"""Programs are found before the run, stay in the project, and tell what came of them."""

import asyncio

import pytest

from flowrun.ports.tools import ToolFailed, ToolSucceeded
from flowrun.tools.arguments import DoesNotFit
from flowrun.tools.program import clean
from tests.support.tool_runs import INVOCATION, script, shell


def test_success_is_all_three_parts_and_the_text_is_stdout(project):
    outcome = project.call(script("echo out; echo note >&2"))
    assert outcome == ToolSucceeded(
        value={"stdout": "out\n", "stderr": "note\n", "exit_code": 0}, text="out\n"
    )


def test_a_failure_tells_the_exit_code_and_what_stderr_said_last(project):
    outcome = project.call(script("echo out; echo no such disk >&2; exit 7"))
    assert outcome == ToolFailed(
        kind="exit_code",
        message="`lines` ended with exit code 7: no such disk",
        value={"stdout": "out\n", "stderr": "no such disk\n", "exit_code": 7},
    )


def test_a_failure_that_says_much_is_told_by_its_end(project):
    outcome = project.call(script("seq 1 5000 >&2; exit 1"))
    assert outcome.message.startswith("`lines` ended with exit code 1: …")
    assert outcome.message.endswith("\n5000")
    assert len(outcome.message) < 2100


def test_a_signal_is_named(project):
    outcome = project.call(script("kill -KILL $$"))
    assert outcome.message == "`lines` was ended by SIGKILL (exit code 137)"
    assert outcome.value["exit_code"] == 137


def test_a_timeout_keeps_what_was_said(project):
    outcome = project.call(script("echo begun; sleep 60", timeout_s=0.5))
    assert outcome == ToolFailed(
        kind="timeout",
        message="`lines` did not finish within 0.5 s and was stopped",
        value={"stdout": "begun\n", "stderr": "", "exit_code": None},
    )


def test_each_output_has_a_cap_of_its_own(project):
    outcome = project.call(script("seq 1 1000; seq 1 9 >&2", max_output=20))
    head = "".join(f"{number}\n" for number in range(1, 1001))[:20]
    assert outcome.value["stdout"] == f"{head}\n… truncated 3873 bytes"
    assert outcome.value["stderr"] == "1\n2\n3\n4\n5\n6\n7\n8\n9\n"


def test_the_environment_is_a_short_list(project):
    project.environment |= {"OPENAI_API_KEY": "canary", "LD_PRELOAD": "canary", "CITY": "Köln"}
    outcome = project.call(
        shell("env", env=(("PLACE", "${env:CITY}"), ("FLOWRUN_RUN_ID", "mine"))),
    )
    names = {line.partition("=")[0]: line.partition("=")[2] for line in outcome.text.splitlines()}
    assert "canary" not in outcome.text
    assert names["PLACE"] == "Köln"
    assert names["FLOWRUN_RUN_ID"] == "trip-1"
    assert names["FLOWRUN_IDEMPOTENCY_KEY"].startswith("idem_")
    assert set(names) == {
        *("PATH", "HOME", "LANG", "PLACE"),
        *("FLOWRUN_RUN_ID", "FLOWRUN_IDEMPOTENCY_KEY", "FLOWRUN_PROJECT"),
    }
    assert names["FLOWRUN_PROJECT"] == str(project.root)


def test_a_secret_reaches_the_program_and_no_outcome(project):
    project.secrets["TOKEN"] = "hunter2-and-more"
    env = (("AUTH", "Bearer ${secret:TOKEN}"),)
    outcome = project.call(script("echo $AUTH; echo ${#AUTH} >&2", env=env))
    assert outcome.value == {"stdout": "Bearer ***\n", "stderr": "23\n", "exit_code": 0}
    failed = project.call(script("echo x$AUTH >&2; exit 1", env=env))
    assert failed.message == "`lines` ended with exit code 1: xBearer ***"
    for cut in range(1, 24):
        cropped = project.call(script("echo $AUTH; echo $AUTH >&2", env=env, max_output=cut))
        assert "hunt" not in str(cropped)
        assert "more" not in str(cropped)


def test_the_folder_is_inside_the_project(project):
    (project.root / "here").mkdir()
    (project.root / "away").symlink_to(project.root.parent)
    assert project.call(shell("pwd", cwd="here")).text == f"{project.root}/here\n"
    outside = "`cwd` must be inside the project, `{}` is not"
    assert project.problem(shell("pwd", cwd="..")) == outside.format("..")
    assert project.problem(shell("pwd", cwd="away")) == outside.format("away")
    assert project.problem(shell("pwd", cwd="/")) == outside.format("/")
    assert project.problem(shell("pwd", cwd="nope")) == "`cwd` must be a folder, `nope` is not"


def test_a_folder_that_is_swapped_after_loading_is_noticed(project):
    (project.root / "here").mkdir()
    runner = project.load(shell("pwd", cwd="here"))
    (project.root / "here").rmdir()
    (project.root / "here").symlink_to(project.root.parent)
    outcome = asyncio.run(runner.run("program", {}, INVOCATION))
    assert outcome.kind == "cannot_start"
    assert "inside the project" in outcome.message


def test_a_program_is_found_when_it_is_loaded(project):
    assert project.problem(shell("no-such-program")) == "program `no-such-program` is not on PATH"
    missing = "program `./tool.sh` is not there, or is not executable"
    assert project.problem(shell("./tool.sh")) == missing
    file = project.write("tool.sh", "#!/bin/sh\necho $0 $1\n")
    assert project.problem(shell("./tool.sh")) == missing
    file.chmod(0o755)
    assert project.call(shell("./tool.sh", "x")).text.endswith("tool.sh x\n")


def test_what_cannot_be_executed_after_all_is_said(project):
    file = project.write("tool.sh", "no interpreter line")
    file.chmod(0o755)
    assert project.call(shell("./tool.sh")) == ToolFailed(
        kind="cannot_start", message="`program` cannot be started: Exec format error"
    )


def test_too_many_arguments_for_the_system_are_said(project):
    outcome = project.call(shell("echo", "{{ args.x }}"), x="y" * 200_000)
    assert outcome.kind == "cannot_start"
    assert "longer than the system allows" in outcome.message


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_no_program_can_be_given_is_refused(text):
    with pytest.raises(DoesNotFit):
        clean("x", text)
