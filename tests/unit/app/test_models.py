"""Endpoints filled in and opened: whose key goes where, and what is refused first."""

import asyncio

import pytest

from flowrun.app.endpoint_choice import EndpointChoice
from flowrun.app.models import (
    OPENAI_URL,
    ModelDirectory,
    choose_again,
    choose_models,
    origin_of,
    resolve_endpoint,
)
from flowrun.app.project import open_project
from flowrun.app.secrets import SecretMissing
from flowrun.clock import SystemClock
from flowrun.errors import BadRequest, EndpointDenied, InvalidSource, ProjectError
from flowrun.plan.plan import ExecutionPlan, PlannedAssistant
from flowrun.spec.project import Endpoint
from tests.support.projects import REPLIES, make, make_files

AMBIENT = "sk-ambient-4410"
WITH_KEY = {"OPENAI_API_KEY": AMBIENT}
PLAN = ExecutionPlan(flow="talk", assistants=(PlannedAssistant(name="guide", model="m"),))


def directory(folder, *, asked=None, default=None, environ=None):
    project = open_project(folder, environ or {})
    choice = EndpointChoice(asked=asked, default=default)
    return ModelDirectory(project, choice, environ or {}, SystemClock())


def choose(folder, *, asked=None, plan=PLAN, flow="talk.flow.yaml", environ=None):
    project = open_project(folder, {})
    return choose_models(project, plan, flow_path=flow, asked=asked, environ=environ or {})


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("local", {"base_url": "http://localhost:1/v1"}),
        ("http://localhost:1/v1", {"base_url": "http://localhost:1/v1"}),
        ("openai", {"base_url": "http://localhost:1/v1"}),
        ("openai-like", {"base_url": "http://localhost:1/v1", "headers": {"X-Key": "1"}}),
    ],
)
def test_the_ambient_key_goes_to_no_endpoint_with_an_address_of_its_own(name, declared):
    opened = resolve_endpoint(name, Endpoint(**declared), WITH_KEY)
    assert opened.api_key is None
    assert opened.headers == declared.get("headers", {})


def test_the_ambient_key_goes_to_openai_and_where_the_environment_moves_it():
    opened = resolve_endpoint("openai", Endpoint(), WITH_KEY)
    assert (opened.base_url, opened.api_key) == (OPENAI_URL, AMBIENT)
    moved = {**WITH_KEY, "OPENAI_BASE_URL": "http://proxy:1/v1"}
    opened = resolve_endpoint("openai", Endpoint(), moved)
    assert (opened.base_url, opened.api_key) == ("http://proxy:1/v1", AMBIENT)


def test_the_environment_moves_no_other_endpoint():
    environ = {"OPENAI_BASE_URL": "http://elsewhere:1/v1", "TEAM_KEY": "sk-team-1"}
    opened = resolve_endpoint("team", Endpoint(api_key="${secret:TEAM_KEY}"), environ)
    assert (opened.base_url, opened.api_key) == (OPENAI_URL, "sk-team-1")


def test_an_endpoint_that_names_the_ambient_key_gets_it():
    declared = Endpoint(base_url="http://localhost:1/v1", api_key="${secret:OPENAI_API_KEY}")
    opened = resolve_endpoint("team", declared, WITH_KEY)
    assert (opened.api_key, opened.key_name) == (AMBIENT, "OPENAI_API_KEY")


def test_everything_declared_arrives():
    declared = Endpoint(
        base_url="http://localhost:1/v1",
        wire="responses",
        headers={"X-Team": "${secret:TEAM}"},
        retries=7,
        max_concurrency=2,
        timeout={"connect": "5s", "read": "1m"},
        legacy_max_tokens=True,
    )
    opened = resolve_endpoint("team", declared, {"TEAM": "red-team"})
    assert (opened.wire, opened.headers) == ("responses", {"X-Team": "red-team"})
    assert (opened.connect_timeout_s, opened.read_timeout_s) == (5.0, 60.0)
    assert (opened.retries, opened.max_concurrency) == (7, 2)
    assert opened.legacy_max_tokens


def test_an_address_is_treated_like_an_endpoint_that_declares_nothing_else():
    opened = resolve_endpoint("http://x/v1", Endpoint(base_url="http://x/v1"), {})
    declared = resolve_endpoint("named", Endpoint(base_url="http://x/v1"), {})
    assert opened.retries == declared.retries == 3


def test_an_address_with_a_password_is_named_without_it():
    url = "http://me:hunter2-secret@localhost:1/v1?key=hunter2-secret"
    opened = resolve_endpoint(url, Endpoint(base_url=url), {})
    assert opened.name == opened.label == "http://localhost:1/v1"
    assert "hunter2" not in repr(opened)
    assert opened.base_url == url


@pytest.mark.parametrize("slash", ["", "/"])
def test_openai_without_a_key_is_denied_before_any_call(slash):
    environ = {"OPENAI_BASE_URL": OPENAI_URL + slash}
    with pytest.raises(EndpointDenied) as refused:
        resolve_endpoint("openai", Endpoint(), environ)
    assert refused.value.hint == "set `OPENAI_API_KEY`"


def test_a_project_endpoint_without_a_key_is_not_told_to_set_a_variable_it_would_not_read():
    with pytest.raises(EndpointDenied) as refused:
        resolve_endpoint("team", Endpoint(), WITH_KEY)
    assert "${secret:OPENAI_API_KEY}" in refused.value.hint


def test_a_missing_secret_is_named():
    with pytest.raises(SecretMissing, match="secret `TEAM_KEY` is not set"):
        resolve_endpoint("team", Endpoint(api_key="${secret:TEAM_KEY}"), {})


@pytest.mark.parametrize("address", ["http://", "https://:9/v1", "http://x:99999/v1", "http://[x"])
def test_an_address_that_is_none_is_refused(tmp_path, address):
    with pytest.raises(ProjectError, match="base_url"):
        directory(tmp_path, asked=address).model_for("")


def test_a_client_is_opened_once_and_closed(tmp_path):
    async def use(models):
        assert models.model_for("") is models.model_for("")
        await models.close()

    asyncio.run(use(directory(tmp_path, default="openai", environ=WITH_KEY)))


def test_replies_with_mistakes_are_reported_with_their_places(tmp_path):
    make(tmp_path, talk_replies_yaml="version: 1\nreplies:\n  - sayy: hi\n")
    with pytest.raises(InvalidSource) as refused:
        directory(tmp_path, default="scripted:talk.replies.yaml").model_for("")
    assert "talk.replies.yaml" in refused.value.report.diagnostics[0].span.path


def test_the_replies_beside_the_flow_are_found(tmp_path):
    make_files(tmp_path, {"flows/talk.replies.yaml": REPLIES})
    chosen = choose(tmp_path, flow="flows/talk.flow.yaml")
    assert chosen.default == "scripted:flows/talk.replies.yaml"
    chosen = choose(tmp_path, flow="flows/talk.yaml")
    assert chosen.default == "scripted:flows/talk.replies.yaml"


def test_a_folder_named_like_the_replies_answers_nothing(tmp_path):
    (tmp_path / "talk.replies.yaml").mkdir()
    with pytest.raises(EndpointDenied):
        choose(tmp_path)


def test_a_plan_without_assistants_needs_nobody(tmp_path):
    assert choose(tmp_path, plan=ExecutionPlan(flow="talk")) == EndpointChoice()


def test_a_replies_file_is_asked_for_from_where_one_stands(tmp_path, monkeypatch):
    make_files(tmp_path, {"a.yaml": REPLIES, "flows/a.yaml": REPLIES})
    monkeypatch.chdir(tmp_path / "flows")
    assert choose(tmp_path, asked="scripted:a.yaml").asked == "scripted:flows/a.yaml"
    monkeypatch.chdir("/")
    assert choose(tmp_path, asked="scripted:a.yaml").asked == "scripted:a.yaml"


def test_a_run_keeps_who_answers_but_no_secret(tmp_path):
    assert origin_of(EndpointChoice(asked="local")) == {"endpoint": "local"}
    assert origin_of(EndpointChoice(default="openai")) == {"default": "openai"}
    assert origin_of(EndpointChoice()) == {}
    kept = origin_of(EndpointChoice(asked="http://me:hunter2@x/v1"))
    assert kept == {"endpoint": "http://x/v1", "incomplete": "endpoint"}


def again(folder, origin, *, asked=None, environ=None):
    origin = {"path": "talk.flow.yaml", **origin}
    project = open_project(folder, {})
    return choose_again(project, PLAN, origin=origin, asked=asked, environ=environ or {})


def test_a_resumed_run_asks_whom_it_asked_before(tmp_path):
    make(tmp_path, talk_replies_yaml=REPLIES)
    assert again(tmp_path, {"endpoint": "local"}).asked == "local"
    assert again(tmp_path, {"default": "openai"}).default == "openai"
    chosen = again(tmp_path, {"default": "scripted:talk.replies.yaml"}, environ=WITH_KEY)
    assert chosen.default == "scripted:talk.replies.yaml"
    assert chosen.notice == "answers come from the scripted model in talk.replies.yaml"


def test_a_resumed_run_can_be_given_somebody_else(tmp_path):
    assert again(tmp_path, {"default": "openai"}, asked="local").asked == "local"
    assert again(tmp_path, {}, environ=WITH_KEY).default == "openai"


def test_an_address_that_was_not_kept_whole_has_to_be_given_again(tmp_path):
    origin = {"endpoint": "http://x/v1", "incomplete": "endpoint"}
    with pytest.raises(BadRequest, match="http://x/v1") as refused:
        again(tmp_path, origin)
    assert "--endpoint" in refused.value.hint
    assert again(tmp_path, origin, asked="http://me:hunter2@x/v1").asked == "http://me:hunter2@x/v1"
