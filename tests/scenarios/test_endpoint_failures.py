"""What an endpoint does wrong, by a real server: exit code, one sentence, no secret anywhere."""

import pytest

from tests.support.endpoint import Cut, Fail, HangUp, Page, Stall, say, serve, unused_port
from tests.support.endpoint_wire import error_body
from tests.support.scenario import TALK, Project, endpoint_settings

KEY = "sk-canary-5f2d9c71e0"
KEY_SETTING = "    api_key: ${secret:CANARY_KEY}\n"
SAID = say("Hello there")
FAILED = "error: step `hello` failed: endpoint `live`: "

wires = pytest.mark.parametrize("wire", ["chat", "responses"])


def bad_key():
    message = f"Incorrect API key provided: {KEY}."
    return Fail(401, error_body(message, "invalid_request_error", "invalid_api_key"))


def no_model():
    message = "The model `m` does not exist"
    return Fail(404, error_body(message, "invalid_request_error", "model_not_found"))


def limited(after):
    error = error_body("Rate limit reached", "requests", "rate_limit_exceeded")
    return Fail(429, error, {"retry-after": after})


def no_quota():
    message = "You exceeded your current quota"
    return Fail(429, error_body(message, "insufficient_quota", "insufficient_quota"))


def broken():
    return Fail(500, error_body("The server had an error", "server_error", None))


def project_at(folder, base_url, *, wire="chat", retries=0, more=""):
    settings = endpoint_settings(base_url, wire=wire, retries=retries, more=KEY_SETTING + more)
    return Project(folder, {"talk.flow.yaml": TALK, "flowrun.yaml": settings}, CANARY_KEY=KEY)


def execute(project):
    """Execute the flow; whatever becomes of it, these hold."""
    ended = project.flowrun("execute", "talk.flow.yaml", "--format", "json")
    assert "Traceback" not in ended.err
    assert KEY not in ended.out + ended.err
    assert project.holding(KEY) == []
    return ended


FAILURES = {
    "bad_key": (
        bad_key(),
        4,
        "the key was not accepted: Incorrect API key provided: [hidden] (HTTP 401)",
        "set `CANARY_KEY` to a key that this endpoint accepts",
    ),
    "not_allowed": (
        Fail(403, error_body("No access to this project", "permission_error", None)),
        4,
        "the key is not allowed to do this: No access to this project (HTTP 403)",
        "set `CANARY_KEY` to a key that this endpoint accepts",
    ),
    "no_model": (
        no_model(),
        1,
        "there is no model `m`: The model `m` does not exist (HTTP 404)",
        "name a model that this endpoint offers",
    ),
    "always_500": (
        broken(),
        1,
        "the server failed: The server had an error (HTTP 500)",
        "try again; if it stays so, look into the server's log",
    ),
    "cut_in_the_middle": (
        Cut(SAID, after=2),
        1,
        "the stream ended early",
        "try again; if it stays so, look into the server's log",
    ),
    "hung_up": (
        HangUp(),
        1,
        "the server closed the connection without an answer",
        "try again; if it stays so, look into the server's log",
    ),
    "no_quota": (
        no_quota(),
        1,
        "quota or credit is used up: You exceeded your current quota (HTTP 429)",
        "check plan and billing",
    ),
    "limited_for_an_hour": (
        limited("3600"),
        1,
        "too many requests: Rate limit reached (HTTP 429)",
        "wait, or run fewer steps at a time",
    ),
}


FINAL = {"bad_key", "not_allowed", "no_model", "no_quota"}
"""No other try is made, for it cannot help."""


ON_BOTH_WIRES = {"bad_key", "always_500", "cut_in_the_middle"}


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        (name, wire)
        for name in FAILURES
        for wire in (("chat", "responses") if name in ON_BOTH_WIRES else ("chat",))
    ],
)
def test_a_failure_is_one_sentence_with_endpoint_status_and_a_way_out(tmp_path, name, wire):
    behaviour, code, sentence, hint = FAILURES[name]
    retries = 3 if name in FINAL else 0
    with serve(behaviour) as server:
        ended = execute(project_at(tmp_path, server.base_url, wire=wire, retries=retries))
        assert len(server.requests) == 1
    assert ended.code == code
    assert ended.sentences == [FAILED + sentence, f"help: {hint}"]
    assert ended.result["status"] == "failed"
    assert ended.result["outputs"] == {}
    assert ended.result["error"]["hint"] == hint


@wires
def test_a_web_page_with_status_200_is_no_answer(tmp_path, wire):
    with serve(Page(200)) as server:
        ended = execute(project_at(tmp_path, server.base_url, wire=wire, retries=2))
        asked = len(server.requests)
    assert (ended.code, asked) == (1, 1)
    assert ended.sentences == [
        FAILED + f"expected a model's answer from {server.base_url}, found a web page (HTTP 200)",
        "help: correct `base_url`; it usually ends in `/v1`",
    ]


def test_nobody_listens(tmp_path):
    base_url = f"http://127.0.0.1:{unused_port()}/v1"
    ended = execute(project_at(tmp_path, base_url))
    assert ended.code == 1
    assert ended.sentences == [
        FAILED + f"cannot connect to {base_url}: connection refused",
        "help: start the server, or correct `base_url`",
    ]


def test_a_server_that_falls_silent_is_given_up_after_the_read_timeout(tmp_path):
    with serve(Stall()) as server:
        more = "    timeout: {connect: 5s, read: 200ms}\n"
        ended = execute(project_at(tmp_path, server.base_url, more=more))
    assert ended.code == 1
    assert ended.sentences[0] == FAILED + "the server said nothing for 0.2 s"


@pytest.mark.parametrize(
    ("failures", "wire"),
    [
        pytest.param((limited("0"),), "chat", id="limited"),
        pytest.param((broken(), broken()), "chat", id="two_500"),
        pytest.param((Cut(SAID, after=1),), "chat", id="cut_before_the_first_word"),
        pytest.param((Cut(SAID, after=1),), "responses", id="cut_before_the_first_word_responses"),
        pytest.param((HangUp(),), "responses", id="hung_up"),
    ],
)
def test_another_try_is_made_where_it_helps(tmp_path, failures, wire):
    with serve(*failures, SAID) as server:
        ended = execute(project_at(tmp_path, server.base_url, wire=wire, retries=2))
        asked = len(server.requests)
    assert ended.code == 0, ended.err
    assert ended.result["outputs"] == {"hello": "Hello there"}
    assert asked == len(failures) + 1


def test_a_server_that_asks_for_time_is_given_it(tmp_path):
    with serve(limited("1"), SAID) as server:
        ended = execute(project_at(tmp_path, server.base_url, retries=1))
    assert ended.result["steps"]["hello"]["duration_s"] >= 1.0


def test_tries_are_counted(tmp_path):
    with serve(broken()) as server:
        ended = execute(project_at(tmp_path, server.base_url, retries=1))
        assert (ended.code, len(server.requests)) == (1, 2)


def test_a_cut_answer_is_nowhere_taken_for_an_answer(tmp_path):
    with serve(Cut(say("Hello there, how are you"), after=4)) as server:
        project = project_at(tmp_path, server.base_url)
        result = execute(project).result
    assert result["steps"]["hello"]["output"] is None
    shown = project.show(result["run_id"])
    assert shown["steps"]["hello"]["output"] is None
    assert shown["steps"]["hello"]["status"] == "failed"


def test_a_key_that_is_nowhere_is_asked_for_before_anything_runs(tmp_path):
    with serve(SAID) as server:
        project = project_at(tmp_path, server.base_url)
        ended = project.flowrun("execute", "talk.flow.yaml", CANARY_KEY="")
        assert server.requests == []
    assert (ended.code, ended.out) == (4, "")
    assert ended.sentences[0] == "error: secret `CANARY_KEY` is not set"


def test_without_key_endpoint_and_replies_nothing_runs(tmp_path):
    ended = Project(tmp_path, {"talk.flow.yaml": TALK}).flowrun("execute", "talk.flow.yaml")
    assert (ended.code, ended.out) == (4, "")
    assert ended.sentences[0].startswith("error: endpoint `openai`: no key")


@wires
def test_the_key_is_sent_as_the_api_wants_it(tmp_path, wire):
    with serve(SAID) as server:
        execute(project_at(tmp_path, server.base_url, wire=wire))
        [request] = server.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
