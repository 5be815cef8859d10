"""One owner to a store, and one run to a run id."""

import signal

from tests.support.endpoint import say, serve
from tests.support.scenario import requests_of
from tests.support.scenario_errands import FLOW, Errands, Model

HOLDER = "`flowrun execute`"
PLAIN = {"First": [say("one")], "Second": [say("two")]}


def test_a_second_execute_is_refused_with_the_name_of_the_holder(tmp_path):
    model = Model(PLAIN, silent_at=("First", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            second = errands.project.flowrun("execute", "errands.flow.yaml")
            assert len(server.requests) == 1
    assert (second.code, second.out) == (6, "")
    assert second.sentences == [
        f"error: store `{errands.project.store}`: in use by {HOLDER} (process {running.pid})",
        "help: wait for it to finish; `flowrun runs list` works meanwhile",
    ]
    assert "Traceback" not in second.err


def test_looking_works_meanwhile(tmp_path):
    model = Model(PLAIN, silent_at=("Second", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            [row] = errands.project.runs()
            shown = errands.project.show("errands-1")
            listed = errands.project.flowrun("runs", "list")
            checked = errands.project.flowrun("check", "errands.flow.yaml")
    assert (row["status"], row["alive"]) == ("running", True)
    assert shown["steps"]["first"]["status"] == "completed"
    assert shown["steps"]["second"]["status"] == "running"
    assert "running" in listed.out
    assert "continue one" not in listed.out
    assert checked.code == 0


def test_a_run_that_is_alive_is_not_resumed_by_another(tmp_path):
    model = Model(PLAIN, silent_at=("First", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            resumed = errands.resume()
            assert len(server.requests) == 1
    assert (resumed.code, resumed.out) == (6, "")


def test_the_lock_goes_with_its_holder(tmp_path):
    model = Model(PLAIN, silent_at=("First", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.kill()
        second = errands.project.flowrun("execute", "errands.flow.yaml")
    assert second.code == 0, second.err


def test_a_run_id_given_twice_is_one_run(tmp_path):
    with serve(Model(PLAIN)) as server:
        errands = Errands(tmp_path, server.base_url)
        ended = []
        for _ in range(2):
            with errands.start() as running:
                ended.append(running.finish())
        again = errands.project.flowrun(
            "execute", "errands.flow.yaml", "--run-id", "errands-1", "--format", "json"
        )
        questions = requests_of(server)
    assert [one.code for one in ended] == [0, 0], ended[1].err
    assert again.code == 0, again.err
    assert again.result["outputs"] == {"first": "one", "second": "two"}
    assert questions == ["First", "Second"]
    assert errands.ledger == ["note one"]
    assert len(errands.project.runs()) == 1


def test_a_run_id_given_again_goes_on_with_what_was_interrupted(tmp_path):
    model = Model(PLAIN, silent_at=("Second", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.signal(signal.SIGINT)
            running.finish()
        with errands.start() as running:
            ended = running.finish()
        questions = requests_of(server)
    assert ended.code == 0, ended.err
    assert questions == ["First", "Second", "Second"]
    assert errands.ledger == ["note one"]


def test_a_run_id_of_another_plan_is_refused(tmp_path):
    with serve(Model(PLAIN)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.finish()
        errands.write_flow(FLOW.replace("Be brief.", "Be long."))
        with errands.start() as running:
            refused = running.finish()
        assert len(server.requests) == 2
    assert (refused.code, refused.out) == (7, "")
    assert refused.sentences == [
        "error: run `errands-1` exists with another plan or other inputs",
        "help: choose another --run-id",
    ]


def test_a_run_that_is_not_there_is_named_with_the_nearest(tmp_path):
    with serve(Model(PLAIN)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.finish()
        shown = errands.project.flowrun("runs", "show", "erands-1")
        resumed = errands.project.flowrun("runs", "resume", "nothing-like-it")
    assert (shown.code, resumed.code) == (64, 64)
    assert shown.sentences == [
        "error: no run `erands-1` in this store",
        "help: did you mean `errands-1`?",
    ]
