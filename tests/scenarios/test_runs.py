"""`runs list`, `export`, `prune`, and repeating one step of a run."""

import json

from tests.support.endpoint import say, serve
from tests.support.scenario import asked as asked_of
from tests.support.scenario import endpoint_settings, misfits, requests_of
from tests.support.scenario_people import MAY_I, Desk

SUMS = """
version: 1
name: sums
env: [REGION]
inputs: {much: {type: integer, default: 1}}
tools:
  note:
    description: Write a line into the ledger
    script: echo "$ARG_WHAT" >> ledger.txt
    parameters: {what: {type: string}}
steps:
  one: {tool: note, with: {what: "one {{ inputs.much }} {{ env.REGION }}"}}
  two: {set: {x: "{{ inputs.much + 1 }}"}, needs: [one]}
  bad: {tool: note, with: {what: "bad {{ 1 // (inputs.much - 1) }}"}, needs: [two]}
outputs:
  x: "{{ steps.two.output.x }}"
"""
TALKS = """
version: 1
name: talks
assistants: {guide: {model: m, instructions: Be brief.}}
threads:
  own: {}
  shared: {key: everybody}
steps:
  first: {assistant: guide, thread: own, message: First}
  second: {assistant: guide, thread: own, message: "Second after {{ steps.first.output }}"}
  other: {assistant: guide, thread: shared, message: Other}
outputs:
  said: "{{ steps.second.output }}"
"""


def ids(listed):
    return [one["run_id"] for one in listed.result["runs"]]


def test_a_list_is_filtered_and_says_how_many_more_there_are(tmp_path):
    desk = Desk(
        tmp_path, MAY_I, **{"plain.yaml": "version: 1\nname: plain\nsteps: {a: {set: {x: 1}}}\n"}
    )
    for number in range(3):
        desk.flowrun("execute", "plain.yaml", "--run-id", f"p-{number}")
    desk.execute()

    def listed(*arguments):
        ended = desk.flowrun("runs", "list", "--format", "json", *arguments)
        assert ended.code == 0, ended.err
        return ended

    assert ids(listed()) == ["r-1", "p-2", "p-1", "p-0"]
    assert ids(listed("--status", "parked")) == ["r-1"]
    assert ids(listed("--status", "interrupted", "--status", "failed")) == []
    assert ids(listed("--flow", "plain", "--limit", "2")) == ["p-2", "p-1"]
    assert listed("--flow", "plain", "--limit", "2").result["more"] == 1
    assert ids(listed("--since", "1h")) == ids(listed())
    assert ids(listed("--since", "0s")) == []
    assert "… 3 runs more, shown with --limit 4" in desk.flowrun("runs", "list", "--limit", "1").out
    wrong = desk.flowrun("runs", "list", "--since", "yesterday")
    assert (wrong.code, wrong.sentences) == (
        64,
        ["error: expected an age such as `12h`, `2d` or `4w`, found `yesterday`"],
    )


def test_a_run_is_written_out_as_one_document_without_values_of_variables(tmp_path):
    desk = Desk(tmp_path, SUMS)
    ended = desk.flowrun("execute", "flow.yaml", "--run-id", "r-1", REGION="eu-canary")
    assert ended.code == 1
    exported = desk.flowrun("runs", "export", "r-1")
    assert exported.code == 0, exported.err
    assert misfits("export", exported.result) == []
    assert exported.result["plan"]["flow"] == "sums"
    assert exported.result["setting"]["environment"] == ["REGION"]
    assert [one for one in exported.result["events"] for _ in misfits("event", one)] == []
    desk.flowrun("runs", "export", "r-1", "--output", "run.json")
    written = json.loads((desk.project.root / "run.json").read_text("utf-8"))
    assert written == exported.result
    refused = desk.flowrun("runs", "export", "r-1", "--output", "no/such/folder")
    assert refused.code == 3


def test_old_runs_are_deleted_with_the_threads_that_were_theirs_alone(tmp_path):
    with serve(*[say("x") for _ in range(9)]) as server:
        desk = Desk(tmp_path, TALKS, settings=endpoint_settings(server.base_url), ask=MAY_I)
        for number in range(2):
            assert desk.execute(run_id=f"r-{number}").code == 0
        desk.flowrun("execute", "ask", "--run-id", "waits")
        planned = desk.flowrun("runs", "prune", "--older-than", "0s", "--dry-run")
        assert planned.out.startswith("would delete 2 runs and 2 threads, ")
        assert len(desk.project.runs()) == 3
        kept = desk.flowrun("runs", "prune", "--older-than", "1d")
        assert kept.out == "no runs to delete\n"
        assert desk.flowrun("runs", "prune", "--older-than", "0s", "--keep", "1").out.startswith(
            "deleted 1 run and 1 thread, "
        )
        done = desk.flowrun("runs", "prune", "--older-than", "0s", "--format", "json")
        assert (done.result["runs"], done.result["threads"]) == (["r-1"], 1)
        assert [one["run_id"] for one in desk.project.runs()] == ["waits"]
        assert desk.answer("ok", "--approve", run_id="waits").code == 0
        again = desk.execute(run_id="r-9")
        assert again.code == 0, again.err
        asked = [[one["content"] for one in asked_of(request)] for request in server.requests]
    assert ["Other"] * 3 in [[one for one in texts if one == "Other"] for texts in asked]
    assert [texts for texts in asked if texts.count("First") > 1] == []


def test_one_step_is_repeated_with_what_it_builds_on(tmp_path):
    with serve(say("one"), say("two"), say("x"), say("better")) as server:
        desk = Desk(tmp_path, TALKS, settings=endpoint_settings(server.base_url))
        first = desk.execute()
        assert first.code == 0, first.err
        text = TALKS.replace("Second after", "Now second after")
        desk.project.write({"flow.yaml": text})
        arguments = ("execute", "flow.yaml", "--from-run", "r-1", "--step", "second")
        again = desk.flowrun(*arguments, "--format", "json")
        questions = requests_of(server)
    assert again.code == 0, again.err
    said = first.out.strip()
    assert questions[-1].startswith("Now second after ")
    assert len(questions) == 4
    assert again.result["outputs"] != {"said": said}
    assert again.result["steps"]["other"]["status"] == "skipped"
    assert "thread `own` begins anew: what `first` said on it is not carried over" in again.err


def test_what_cannot_be_repeated_is_refused_before_anything_runs(tmp_path):
    desk = Desk(tmp_path, SUMS, other="version: 1\nname: other\nsteps: {a: {set: {x: 1}}}\n")
    desk.flowrun("execute", "flow.yaml", "--run-id", "r-1", REGION="eu")
    desk.flowrun("execute", "other", "--run-id", "o-1")
    ledger = list(desk.ledger)

    def repeat(*arguments):
        return desk.flowrun("execute", "flow.yaml", *arguments, REGION="eu")

    refused = {
        ("--from-run", "r-1", "--step", "bda"): (64, "error: flow `sums` has no step `bda`"),
        ("--from-run", "o-1", "--step", "bad"): (7, "error: run `o-1` is of flow `other`"),
        ("--from-run", "r-7", "--step", "bad"): (64, "error: no run `r-7` in this store"),
        ("--from-run", "r-1"): (64, "error: expected `--from-run` and `--step` together"),
        ("--from-run", "r-1", "--step", "bad", "--run-id", "r-1"): (
            7,
            "error: run `r-1` exists with other steps to run",
        ),
    }
    for arguments, (code, said) in refused.items():
        ended = repeat(*arguments)
        assert (ended.code, ended.out) == (code, "")
        assert ended.err.startswith(said)
    repeated = repeat("--from-run", "r-1", "--step", "bad", "-i", "much=3")
    assert repeated.code == 0, repeated.err
    assert desk.ledger == [*ledger, "bad 0"]


def test_a_limit_that_is_reached_exits_by_5(tmp_path):
    flow = TALKS.replace("version: 1", "version: 1\nlimits: {max_tokens: 3}")
    with serve(*[say("one two three") for _ in range(3)]) as server:
        desk = Desk(tmp_path, flow, settings=endpoint_settings(server.base_url))
        ended = desk.execute("--format", "json")
    assert ended.code == 5, ended.err
    assert ended.result["error"]["code"] == "budget"
    assert ended.result["status"] == "failed"


def test_a_run_that_waits_for_an_instant_is_waited_for(tmp_path):
    flow = """
        version: 1
        name: again
        tools:
          flaky:
            effect: repeatable
            script: |
              echo tried >> ledger.txt
              test "$(wc -l < ledger.txt)" -gt 1
        steps:
          flaky: {tool: flaky, retry: {attempts: 2, delay: 1500ms}}
    """
    desk = Desk(tmp_path, flow)
    ended = desk.execute()
    assert ended.code == 0, ended.err
    assert desk.ledger == ["tried", "tried"]
    assert "retrying in 1.5s" in ended.err
    assert "waiting until " in ended.err
