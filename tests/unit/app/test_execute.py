"""Running flows: begun when it is certain that they run, parked when it is enough, gone on with."""

import asyncio

import pytest

from flowrun.app.execute import EnvironmentMissing, execute_flow
from flowrun.app.load import load_flow
from flowrun.app.project import open_project
from flowrun.app.runs import show_run
from flowrun.errors import BadRequest, RunConflict, RunNotFound
from tests.support.endpoint import say, serve
from tests.support.projects import (
    BARE,
    GREET,
    GREETING,
    REPLIES,
    TALK,
    Watcher,
    execute,
    make,
    outputs,
    resume,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make(
        tmp_path,
        flowrun_yaml="version: 1\n",
        talk_flow_yaml=TALK,
        talk_replies_yaml=REPLIES,
        greet_flow_yaml=GREET,
        greeting_py=GREETING,
    )


def project_of(folder):
    return open_project(folder, {})


def test_a_flow_runs_to_its_end_and_is_seen_from_the_beginning(folder):
    watcher = Watcher()
    outcome = execute("talk.flow.yaml", watcher=watcher, inputs=["city=Rome"])
    assert (outcome.head.status, outputs(outcome)) == ("completed", {"hello": "Mild."})
    [start] = watcher.begun
    assert start.run_id == outcome.head.run_id
    assert start.notice is not None
    assert watcher.kinds[0] == "FlowRunStarted"
    assert watcher.kinds[-1] == "FlowRunFinished"
    assert outcome.events[0].event.inputs == {"city": "Rome"}


def test_a_run_has_an_id_that_can_be_said(folder):
    assert execute("talk.flow.yaml").head.run_id.startswith("talk-")
    assert execute("talk.flow.yaml", run_id="mine").head.run_id == "mine"


def test_the_same_id_once_more_tells_the_story_again_and_does_nothing(folder):
    first = execute("talk.flow.yaml", run_id="mine")
    watcher = Watcher()
    second = execute("talk.flow.yaml", run_id="mine", watcher=watcher)
    assert second.events == first.events
    assert tuple(watcher.seen) == first.events
    assert watcher.begun[0].earlier == ()


@pytest.mark.parametrize("how", [{"inputs": ["city=Rome"]}, {"flow": "greet.flow.yaml"}])
def test_an_id_that_is_taken_is_refused_before_anything_begins(folder, how):
    execute("talk.flow.yaml", run_id="mine")
    watcher = Watcher()
    how = {"flow": "talk.flow.yaml", **how}
    with pytest.raises(RunConflict, match="run `mine` exists with another plan or other inputs"):
        execute(run_id="mine", watcher=watcher, **how)
    assert watcher.begun == watcher.seen == []


def test_a_run_is_parked_when_it_is_enough_and_gone_on_with(folder):
    watcher = Watcher(stop_at="StepStarted")
    parked = execute("talk.flow.yaml", run_id="mine", watcher=watcher)
    assert parked.head.status == "parked"
    assert watcher.kinds[-1] == "FlowRunParked"
    watcher = Watcher()
    done = resume(project_of(folder), "mine", watcher=watcher)
    assert (done.head.status, outputs(done)) == ("completed", {"hello": "Mild."})
    assert watcher.begun[0].earlier == parked.events
    assert watcher.kinds[0] == "FlowRunResumed"


def test_executing_a_parked_run_again_goes_on_with_it(folder):
    parked = execute("talk.flow.yaml", run_id="mine", watcher=Watcher(stop_at="StepStarted"))
    watcher = Watcher()
    assert execute("talk.flow.yaml", run_id="mine", watcher=watcher).head.status == "completed"
    assert watcher.begun[0].earlier == parked.events


def test_a_resumed_run_goes_by_the_plan_it_was_started_with(folder):
    execute("talk.flow.yaml", run_id="mine", watcher=Watcher(stop_at="StepStarted"))
    (folder / "talk.flow.yaml").write_text("not a flow any more", "utf-8")
    assert outputs(resume(project_of(folder), "mine")) == {"hello": "Mild."}


def test_a_resumed_run_asks_the_model_it_asked_before_whatever_the_environment_says(folder):
    execute("talk.flow.yaml", run_id="mine", watcher=Watcher(stop_at="StepStarted"))
    environ = {**BARE, "OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    watcher = Watcher()
    done = resume(project_of(folder), "mine", environ=environ, watcher=watcher)
    assert outputs(done) == {"hello": "Mild."}
    assert "scripted model in talk.replies.yaml" in watcher.begun[0].notice


def test_what_is_over_or_never_was_cannot_be_gone_on_with(folder):
    with pytest.raises(RunNotFound):
        resume(project_of(folder), "mine")
    execute("talk.flow.yaml", run_id="mine")
    with pytest.raises(RunConflict, match="is over: completed"):
        resume(project_of(folder), "mine", environ={})
    with pytest.raises(RunNotFound):
        resume(project_of(folder), "other")


def test_a_password_in_an_address_is_kept_nowhere(folder):
    with serve(say("Live.")) as server:
        url = server.base_url.replace("http://", "http://me:hunter2-secret@")
        done = execute("talk.flow.yaml", run_id="mine", endpoint=url)
    assert outputs(done) == {"hello": "Live."}
    store = [one.read_bytes() for one in (folder / ".flowrun").iterdir()]
    assert not any(b"hunter2" in one for one in store)
    assert show_run(project_of(folder), "mine").setting.origin == {
        "path": "talk.flow.yaml",
        "endpoint": server.base_url,
        "incomplete": "endpoint",
    }


def test_a_run_with_half_an_address_asks_for_the_whole(folder):
    with serve(say("Live.")) as server:
        url = server.base_url.replace("http://", "http://me:hunter2-secret@")
        stop = Watcher(stop_at="StepStarted")
        execute("talk.flow.yaml", run_id="mine", endpoint=url, watcher=stop)
        with pytest.raises(BadRequest, match="not kept"):
            resume(project_of(folder), "mine")
        done = resume(project_of(folder), "mine", endpoint=url)
    assert outputs(done) == {"hello": "Live."}


def test_a_replies_file_is_found_again_from_another_directory(folder, monkeypatch):
    (folder / "sub").mkdir()
    (folder / "sub" / "other.yaml").write_text(REPLIES.replace("Mild", "Other"), "utf-8")
    monkeypatch.chdir(folder / "sub")
    stop = Watcher(stop_at="StepStarted")
    execute("../talk.flow.yaml", run_id="mine", endpoint="scripted:other.yaml", watcher=stop)
    monkeypatch.chdir(folder)
    assert outputs(resume(project_of(folder), "mine")) == {"hello": "Other."}


def test_a_flow_without_assistants_needs_no_endpoint(folder):
    assert outputs(execute("greet.flow.yaml")) == {"said": "hello"}


def test_a_variable_that_went_missing_since_the_check_is_refused(folder):
    text = TALK.replace("inputs.city", "env.REGION") + "env: [REGION]\n"
    make(
        folder, talk_flow_yaml=text.replace("inputs:\n  city: {type: string, default: Paris}\n", "")
    )
    loaded = load_flow("talk.flow.yaml", environ={**BARE, "REGION": "eu"})

    async def whole():
        await execute_flow(
            loaded, {}, run_id=None, endpoint=None, occasion=Watcher().occasion(BARE)
        )

    with pytest.raises(EnvironmentMissing, match="`REGION` is not set"):
        asyncio.run(whole())
    assert not (folder / ".flowrun").exists()
