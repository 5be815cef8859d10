"""What a program that is a tool sees: a short list and what its author declared; nothing else."""

import json

import pytest

from tests.support.scenario import Project

AMBIENT = {
    "OPENAI_API_KEY": "sk-ambient-0d41c2aa",
    "AWS_SECRET_ACCESS_KEY": "ambient-aws-0d41c2bb",
    "UNDECLARED": "ambient-undeclared",
    "REGION": "eu",
}

FLOW = """
version: 1
name: environment
tools:
  show:
    description: Say what is there
    {kind}
    env: {{REGION: "${{REGION}}", MODE: fast}}
    cwd: work
steps:
  show: {{tool: show}}
outputs:
  said: "{{{{ steps.show.output.stdout }}}}"
"""

KINDS = {
    "shell": "shell: [env, '-0']",
    "script": "script: env -0",
}

OURS = {"FLOWRUN_IDEMPOTENCY_KEY", "FLOWRUN_RUN_ID", "FLOWRUN_PROJECT"}
OWN = {"PATH", "HOME", "LANG", "REGION", "MODE", *OURS}
"""Shells add some of their own."""
OF_THE_SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}


def run(folder, flow):
    project = Project(folder, {"environment.flow.yaml": flow, "work/.keep": ""}, **AMBIENT)
    return project.flowrun("execute", "environment.flow.yaml", "--format", "json")


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_sees_a_short_list_and_what_was_declared(tmp_path, kind):
    ended = run(tmp_path, FLOW.format(kind=KINDS[kind]))
    assert ended.code == 0, ended.err
    said = ended.result["outputs"]["said"].rstrip("\0").split("\0")
    seen = dict(one.split("=", 1) for one in said)
    assert set(seen) - OF_THE_SHELL - {"ARG_JSON"} == OWN
    assert (seen["REGION"], seen["MODE"]) == ("eu", "fast")
    assert seen["FLOWRUN_RUN_ID"] == ended.result["run_id"]


def test_a_program_runs_in_its_folder_with_nothing_to_read(tmp_path):
    ended = run(tmp_path, FLOW.format(kind="shell: [sh, '-c', 'pwd; cat']"))
    assert ended.result["outputs"]["said"] == f"{tmp_path / 'project' / 'work'}\n"


def test_a_folder_outside_the_project_is_refused(tmp_path):
    flow = FLOW.format(kind=KINDS["shell"]).replace("cwd: work", "cwd: ..")
    ended = run(tmp_path, flow)
    assert (ended.code, ended.out) == (3, "")
    assert "error[tool/cwd]" in ended.err


def test_a_folder_that_leads_outside_by_a_link_is_refused(tmp_path):
    project = Project(tmp_path, {"environment.flow.yaml": FLOW.format(kind=KINDS["shell"])})
    (project.root / "work").symlink_to("/")
    ended = project.flowrun("execute", "environment.flow.yaml", REGION="eu")
    assert (ended.code, ended.out) == (3, "")
    assert "`cwd`" in ended.err


def test_what_a_program_says_too_much_is_cut_and_said_to_be(tmp_path):
    kind = "shell: [seq, '100000']\n    max_output: 1000"
    ended = run(tmp_path, FLOW.format(kind=kind))
    said = ended.result["outputs"]["said"]
    assert ended.code == 0, ended.err
    assert len(said) < 1200
    assert said.startswith("1\n2\n3\n")
    assert "100000\n" not in said


def test_a_script_is_given_its_arguments_as_json_and_as_variables(tmp_path):
    flow = """
        version: 1
        name: arguments
        tools:
          say:
            description: Say the arguments
            script: |
              cat
              echo
              printf '%s' "$ARG_CITY"
            parameters: {city: {type: string}, days: {type: integer, default: 3}}
        steps:
          say: {tool: say, with: {city: "São Paulo; ls"}}
        outputs:
          said: "{{ steps.say.output.stdout }}"
        """
    ended = Project(tmp_path, {"a.flow.yaml": flow}).flowrun("execute", "a.flow.yaml")
    as_json, as_variable = ended.out.rstrip("\n").split("\n")
    assert json.loads(as_json) == {"city": "São Paulo; ls", "days": 3}
    assert as_variable == "São Paulo; ls"


def test_what_a_python_tool_prints_is_no_part_of_the_result(tmp_path):
    tools = '''
        import os, subprocess, sys, threading

        def chatter() -> str:
            """Print by every way there is."""
            print("by print")
            sys.stdout.write("by write\\n")
            os.write(1, b"by descriptor\\n")
            subprocess.run(["echo", "by a child"], check=True)
            thread = threading.Thread(target=print, args=("by a thread",))
            thread.start()
            thread.join()
            return "quiet"
        '''
    flow = """
        version: 1
        name: chatter
        tools: {chatter: {python: "chatter_tools:chatter"}}
        steps: {chatter: {tool: chatter}}
        outputs: {said: "{{ steps.chatter.output }}"}
        """
    project = Project(tmp_path, {"c.flow.yaml": flow, "chatter_tools.py": tools})
    for form in ("json", "jsonl", "text"):
        ended = project.flowrun("execute", "c.flow.yaml", "--format", form)
        assert ended.code == 0, ended.err
        assert "by " not in ended.out
        for way in ("print", "write", "descriptor", "a child", "a thread"):
            assert f"by {way}" in ended.err
