"""The first five minutes: `init`, and then the very command it prints."""

import shlex

from tests.support.scenario import Project, misfits


def next_command(ended):
    """Return the command that `init` prints, as words without `flowrun`."""
    program, *arguments = shlex.split(ended.out)
    assert program == "flowrun"
    return arguments


def test_init_in_an_empty_folder_and_the_command_it_prints_complete_a_run(tmp_path):
    project = Project(tmp_path)
    made = project.flowrun("init")
    assert made.code == 0, made.err
    ran = project.flowrun(*next_command(made))
    assert ran.code == 0, ran.err
    assert ran.out == (
        "Dear Ada, your order 1001 left our shop on Monday. It should be with you by Thursday.\n"
    )
    assert "scripted" in ran.err.splitlines()[0]
    assert "find_order completed" in ran.err


def test_a_key_in_the_environment_does_not_send_the_first_run_anywhere(tmp_path):
    project = Project(tmp_path, OPENAI_API_KEY="sk-x", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    made = project.flowrun("init", "shop")
    ran = project.flowrun(*next_command(made))
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Dear Ada")


def test_what_init_made_passes_every_other_command(tmp_path):
    project = Project(tmp_path)
    project.flowrun("init")
    checked = project.flowrun("check")
    assert (checked.code, checked.out) == (0, "1 flow checked, nothing wrong\n")
    graph = project.flowrun("graph", "flows/support_reply.flow.yaml")
    assert graph.code == 0
    assert "draft" in graph.out
    doctor = project.flowrun("doctor")
    assert doctor.code == 0, doctor.out
    result = project.flowrun("execute", "flows/support_reply.flow.yaml", "--format", "json").result
    assert misfits("result", result) == []
    listed = project.flowrun("runs", "list")
    assert result["run_id"] in listed.out
    shown = project.flowrun("runs", "show", result["run_id"])
    assert "find_order" in shown.out


def test_init_again_keeps_what_is_there(tmp_path):
    project = Project(tmp_path)
    project.flowrun("init")
    flow = project.root / "flows" / "support_reply.flow.yaml"
    flow.write_text("version: 1\n", "utf-8")
    again = project.flowrun("init")
    assert again.code == 0
    assert flow.read_text("utf-8") == "version: 1\n"
    assert "kept     flows/support_reply.flow.yaml" in again.err


def test_the_printed_resume_command_works_where_it_was_printed(tmp_path):
    """Also where nothing marks the root: the flow's folder is it, and that is another one."""
    project = Project(
        tmp_path,
        {
            "deep/talk.flow.yaml": """
                version: 1
                name: talk
                assistants: {guide: {model: m}}
                steps: {hello: {assistant: guide, message: Hello}}
                """,
            "deep/talk.replies.yaml": "version: 1\nreplies: [{say: Hello, chunk: 1, delay: 30s}]\n",
        },
    )
    with project.start("execute", "deep/talk.flow.yaml", "--format", "jsonl") as running:
        running.wait_for_event("assistant_run_started")
        running.signal(2)
        parked = running.finish()
    [line] = [one for one in parked.err.splitlines() if "runs resume" in one]
    fixed = "version: 1\nreplies: [{say: Hello}]\n"
    project.write({"deep/talk.replies.yaml": fixed})
    command = line.partition("flowrun ")[2]
    resumed = project.flowrun(*shlex.split(command))
    assert (parked.code, resumed.code) == (130, 0), resumed.err


def test_help_names_every_command_and_no_arguments_are_bad_usage(tmp_path):
    project = Project(tmp_path)
    helped = project.flowrun("--help")
    assert helped.code == 0
    for name in ("execute", "check", "graph", "runs", "schema", "explain", "init", "doctor"):
        assert name in helped.out
    bare = project.flowrun()
    assert (bare.code, bare.out) == (64, "")


def test_bad_usage_is_64_with_a_word_of_help(tmp_path):
    project = Project(tmp_path)
    for arguments in (
        ("exekute",),
        ("execute",),
        ("check", "--fromat", "json"),
        ("explain", "x/y"),
    ):
        ended = project.flowrun(*arguments)
        assert (ended.code, ended.out) == (64, "")
        assert ended.sentences[0].startswith("error: ")
        assert ended.sentences[-1].startswith("help: ")
