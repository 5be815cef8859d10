"""Who answers: the whole table of what is there and what follows from it."""

import pytest

from flowrun.app.endpoint_choice import (
    EndpointChoice,
    choose_endpoint,
    find_endpoint,
    is_address,
    without_credentials,
)
from flowrun.errors import BadRequest, EndpointDenied
from flowrun.spec.project import Endpoint, Project

KEY = {"OPENAI_API_KEY": "sk-1"}
ADDRESS = {"OPENAI_BASE_URL": "http://localhost:1/v1"}
BESIDE = "flows/talk.replies.yaml"


def settings(*names, default=None):
    endpoints = {name: Endpoint(base_url=f"http://{name}.example/v1") for name in names}
    return Project(version=1, endpoints=endpoints, default_endpoint=default)


def choose(project, *, asked=None, environ=None, replies=None, needed=True):
    environ = {} if environ is None else environ
    return choose_endpoint(project, asked=asked, environ=environ, replies=replies, needed=needed)


@pytest.mark.parametrize(
    ("project", "given", "answers"),
    [
        (settings("a", default="a"), {"asked": "b", "environ": KEY, "replies": BESIDE}, "b"),
        (settings("a", "b", default="b"), {"environ": KEY, "replies": BESIDE}, "b"),
        (settings("a"), {"environ": KEY, "replies": BESIDE}, "a"),
        (settings("a"), {"environ": ADDRESS, "replies": BESIDE}, "a"),
        (settings(), {"environ": KEY, "replies": BESIDE}, "openai"),
        (settings("a", "b"), {"environ": ADDRESS, "replies": BESIDE}, "openai"),
        (settings("a"), {"replies": BESIDE}, "a"),
        (settings("a"), {"environ": {"OPENAI_API_KEY": ""}}, "a"),
        (settings("a", "b"), {"replies": BESIDE}, f"scripted:{BESIDE}"),
        (settings(), {"replies": BESIDE}, f"scripted:{BESIDE}"),
    ],
)
def test_the_first_that_is_there_answers(project, given, answers):
    assert choose(project, **given).name_for("") == answers


def test_an_assistant_goes_by_its_own_endpoint():
    assert choose(settings("a", "b", default="a")).name_for("b") == "b"


def test_what_was_asked_for_answers_for_every_assistant():
    assert choose(settings("a"), asked="http://x/v1").name_for("a") == "http://x/v1"


def test_only_the_scripted_model_is_announced():
    said = choose(settings(), replies=BESIDE).notice
    assert said == f"no OPENAI_API_KEY: answers come from the scripted model in {BESIDE}"
    assert choose(settings("a")).notice is None
    assert choose(settings("a"), asked=f"scripted:{BESIDE}", replies=BESIDE).notice is None


def test_nothing_is_chosen_and_nothing_refused_where_no_default_is_needed():
    assert choose(settings("a", "b"), replies=BESIDE, needed=False) == EndpointChoice()
    assert choose(settings(), needed=False) == EndpointChoice()


def test_without_anything_the_run_is_not_allowed():
    with pytest.raises(EndpointDenied) as refused:
        choose(settings())
    assert str(refused.value) == "endpoint `openai`: no key: `OPENAI_API_KEY` is not set"
    assert "--endpoint" in refused.value.hint


def test_several_endpoints_and_no_default_are_named():
    with pytest.raises(EndpointDenied, match="which of `a`, `b` is the default") as refused:
        choose(settings("a", "b"))
    assert "default_endpoint" in refused.value.hint


def test_a_default_that_was_not_thought_to_be_needed_is_refused_when_it_is():
    with pytest.raises(EndpointDenied):
        EndpointChoice().name_for("")


def test_an_endpoint_is_found_by_name_by_address_or_as_openai():
    project = settings("a")
    assert find_endpoint("a", project) is project.endpoints["a"]
    assert find_endpoint("openai", project) == Endpoint()
    assert find_endpoint("HTTP://x:1/v1", project).base_url == "HTTP://x:1/v1"


def test_openai_can_be_declared():
    project = settings("openai")
    assert find_endpoint("openai", project) is project.endpoints["openai"]


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(BadRequest, match="no endpoint `olama` in the project") as refused:
        find_endpoint("olama", settings("ollama"))
    assert refused.value.hint == "did you mean `ollama`?"


@pytest.mark.parametrize(
    ("endpoint", "kept"),
    [
        ("ollama", "ollama"),
        ("scripted:a@b.yaml", "scripted:a@b.yaml"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("http://me:secret@localhost:8000/v1?key=secret#secret", "http://localhost:8000/v1"),
        ("https://me@secret@x/v1", "https://x/v1"),
        ("http://[secret", "http://"),
    ],
)
def test_an_address_is_kept_without_what_may_be_secret(endpoint, kept):
    assert without_credentials(endpoint) == kept


def test_names_are_no_addresses():
    assert [is_address(one) for one in ("https", "scripted:http://x", "https://x")] == [
        False,
        False,
        True,
    ]
