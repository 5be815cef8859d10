"""A session: refusals come before anything runs, and what was opened is closed again."""

import asyncio
import sys

import pytest

from flowrun.app.endpoint_choice import EndpointChoice
from flowrun.app.load import load_flow
from flowrun.app.session import Undertaking, open_session
from flowrun.errors import EndpointDenied, InvalidSource, StorageError, StoreLocked
from flowrun.storage.database import open_database
from flowrun.storage.lock import lock_holder
from tests.support.projects import BARE, GREET, GREETING, REPLIES, TALK, make, make_files

SCRIPTED = EndpointChoice(default="scripted:talk.replies.yaml", notice="scripted")


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


def undertaking(path, *, choice=SCRIPTED, with_source=True):
    loaded = load_flow(path, environ=BARE)
    return Undertaking(
        project=loaded.project,
        plan=loaded.require_plan(),
        flow_path=loaded.path,
        choice=choice,
        purpose="a test",
        bound=loaded.bound if with_source else None,
    )


def enter(wanted, environ=BARE, inside=lambda session: None):
    async def whole():
        async with open_session(wanted, environ) as session:
            inside(session)
            return session

    return asyncio.run(whole())


def generations():
    return {name for name in sys.modules if name.startswith("_flowrun_tools_")}


def refusal(wanted):
    with pytest.raises(InvalidSource) as refused:
        enter(wanted)
    return refused.value.report


def test_a_session_owns_the_store_while_it_is_open(folder):
    store = folder / ".flowrun" / "store.db"
    holders = []
    session = enter(
        undertaking("talk.flow.yaml"), inside=lambda _: holders.append(lock_holder(store))
    )
    assert "`a test` (process" in holders[0]
    assert lock_holder(store) is None
    assert session.notice == "scripted"


def test_a_store_in_use_refuses_and_lets_the_tools_go(folder):
    before = generations()
    store = open_database(folder / ".flowrun" / "store.db", holder="somebody")
    try:
        with pytest.raises(StoreLocked, match="in use by somebody"):
            enter(undertaking("greet.flow.yaml"))
    finally:
        store.close()
    assert generations() == before


def test_a_store_that_cannot_be_made_is_refused(folder):
    (folder / ".flowrun").write_text("in the way", "utf-8")
    with pytest.raises(StorageError, match="store"):
        enter(undertaking("talk.flow.yaml"))


def test_a_missing_key_is_refused_before_a_store_is_made(folder):
    before = generations()
    with pytest.raises(EndpointDenied):
        enter(undertaking("talk.flow.yaml", choice=EndpointChoice(default="openai")))
    assert not (folder / ".flowrun").exists()
    assert generations() == before


def test_a_tool_that_cannot_load_is_shown_where_the_flow_names_it(folder):
    make(folder, greeting_py="import not_there\n" + GREETING)
    report = refusal(undertaking("greet.flow.yaml"))
    [one] = report.diagnostics
    assert one.code == "tool/cannot-load"
    assert "not_there" in one.message
    source = report.sources[one.span.path]
    assert source.line(one.span.start.line).strip().startswith("greet: {python:")
    assert source.text[source.offset(one.span.start) :].startswith('"greeting:greet"')
    assert not (folder / ".flowrun").exists()


def test_a_shell_tool_that_cannot_load_is_shown_at_its_program(folder):
    text = """
        version: 1
        name: run
        tools:
          run:
            cwd: work
            shell: [./go.sh, x]
        steps: {run: {tool: run}}
    """
    make_files(folder, {"run.flow.yaml": text, "work/go.sh": "#!/bin/sh\n"})
    (folder / "work" / "go.sh").chmod(0o755)
    wanted = undertaking("run.flow.yaml")
    (folder / "work" / "go.sh").unlink()
    [one] = refusal(wanted).diagnostics
    assert (one.span.start.line, one.span.start.column) == (6, 13)


def test_a_script_tool_that_cannot_load_is_shown_at_its_name(folder):
    text = """
        version: 1
        name: run
        tools:
          run: {script: "true", cwd: work}
        steps: {run: {tool: run}}
    """
    make_files(folder, {"run.flow.yaml": text, "work/x": ""})
    wanted = undertaking("run.flow.yaml")
    (folder / "work" / "x").unlink()
    (folder / "work").rmdir()
    [one] = refusal(wanted).diagnostics
    assert (one.span.start.line, one.span.start.column) == (4, 3)


def test_places_are_seen_from_where_one_stands(folder, monkeypatch):
    make(folder, greeting_py="import not_there\n" + GREETING)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    report = refusal(undertaking("../greet.flow.yaml"))
    assert [one.span.path for one in report.diagnostics] == ["../greet.flow.yaml"]
    assert "../greet.flow.yaml" in report.sources


def test_of_a_run_that_is_resumed_only_the_file_is_known(folder):
    wanted = undertaking("greet.flow.yaml", with_source=False)
    (folder / "greeting.py").write_text(GREETING + "# changed\n", "utf-8")
    report = refusal(wanted)
    assert [str(one.span) for one in report.diagnostics] == ["greet.flow.yaml:1:1"]
    assert report.sources == {}


def test_every_tool_that_cannot_load_is_named(folder):
    text = (
        GREET.replace("steps:", '  wave: {python: "waving:wave"}\nsteps:')
        + "  wave: {tool: wave}\n"
    )
    wave = 'def wave() -> str:\n    """Wave."""\n    return ""\n'
    text = text.replace('outputs:\n  said: "{{ steps.greet.output }}"\n', "")
    make(folder, greet_flow_yaml=text, waving_py=wave)
    wanted = undertaking("greet.flow.yaml")
    (folder / "greeting.py").unlink()
    (folder / "waving.py").unlink()
    assert [one.message.split("`")[1] for one in refusal(wanted).diagnostics] == ["greet", "wave"]
