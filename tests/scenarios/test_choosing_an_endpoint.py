"""Which endpoint answers, when that is said aloud, and which key it is sent."""

from tests.support.endpoint import say, serve
from tests.support.scenario import TALK, Project, flows_project

AMBIENT = "sk-ambient-0d41c2aa"

GREETING = """
version: 1
name: greeting
tools:
  greet: {shell: [echo, hello], description: Greet}
steps:
  greet: {tool: greet}
outputs:
  said: "{{ steps.greet.output.stdout }}"
"""

REPLIES = """
version: 1
replies:
  - say: scripted
"""


def settings(**servers):
    lines = [f"  {name}: {{base_url: {one.base_url}}}" for name, one in servers.items()]
    return "\n".join(["version: 1", "endpoints:", *lines, ""])


def test_a_flow_that_asks_no_model_needs_no_endpoint(tmp_path):
    project = Project(tmp_path, {"greeting.flow.yaml": GREETING})
    ended = project.flowrun("execute", "greeting.flow.yaml")
    assert (ended.code, ended.out) == (0, "hello\n"), ended.err


def test_an_assistant_that_names_its_endpoint_needs_no_default_one(tmp_path):
    with serve(say("from one")) as one, serve(say("from two")) as two:
        talk = TALK.replace("{model: m,", "{model: m, endpoint: two,")
        files = {"talk.flow.yaml": talk, "flowrun.yaml": settings(one=one, two=two)}
        ended = Project(tmp_path, files).flowrun("execute", "talk.flow.yaml")
        assert (len(one.requests), len(two.requests)) == (0, 1)
    assert (ended.code, ended.out) == (0, "from two\n"), ended.err


def test_the_scripted_model_is_not_announced_where_it_does_not_answer(tmp_path):
    with serve(say("from one")) as one, serve(say("from two")) as two:
        project = Project(
            tmp_path,
            {
                "talk.flow.yaml": TALK.replace("{model: m,", "{model: m, endpoint: one,"),
                "talk.replies.yaml": REPLIES,
                "flowrun.yaml": settings(one=one, two=two),
            },
        )
        ended = project.flowrun("execute", "talk.flow.yaml")
    assert (ended.code, ended.out) == (0, "from one\n"), ended.err
    assert "scripted" not in ended.err


def test_a_replies_file_is_not_chosen_while_there_is_an_endpoint(tmp_path):
    with serve(say("live")) as live:
        files = {
            "talk.flow.yaml": TALK,
            "talk.replies.yaml": REPLIES,
            "flowrun.yaml": settings(live=live),
        }
        ended = Project(tmp_path, files).flowrun("execute", "talk.flow.yaml")
    assert (ended.code, ended.out) == (0, "live\n"), ended.err


def test_a_replies_file_that_is_asked_for_wins_over_everything(tmp_path):
    project = flows_project(tmp_path, OPENAI_API_KEY=AMBIENT)
    ended = project.flowrun(
        "execute",
        "flows/concurrent_students.flow.yaml",
        "--endpoint",
        "scripted:flows/concurrent_students.replies.yaml",
    )
    assert ended.code == 0, ended.err
    assert "You're welcome!" in ended.out


def test_the_ambient_key_is_sent_to_no_endpoint_but_its_own(tmp_path):
    with serve(say("hello")) as server:
        project = Project(tmp_path, {"talk.flow.yaml": TALK}, OPENAI_API_KEY=AMBIENT)
        ended = project.flowrun("execute", "talk.flow.yaml", "--endpoint", server.base_url)
        [request] = server.requests
    assert ended.code == 0, ended.err
    assert AMBIENT not in str(request.headers)
    assert AMBIENT not in ended.out + ended.err


def test_openai_base_url_moves_the_endpoint_and_takes_the_key_along(tmp_path):
    with serve(say("hello")) as server:
        project = Project(tmp_path, {"talk.flow.yaml": TALK}, OPENAI_API_KEY=AMBIENT)
        ended = project.flowrun("execute", "talk.flow.yaml", OPENAI_BASE_URL=server.base_url)
        [request] = server.requests
    assert ended.code == 0, ended.err
    assert request.headers["authorization"] == f"Bearer {AMBIENT}"
    assert project.holding(AMBIENT) == []


def test_an_endpoint_that_is_not_declared_is_refused_with_the_nearest(tmp_path):
    with serve(say("hello")) as server:
        files = {"talk.flow.yaml": TALK, "flowrun.yaml": settings(ollama=server)}
        ended = Project(tmp_path, files).flowrun("execute", "talk.flow.yaml", "--endpoint", "olama")
        assert server.requests == []
    assert (ended.code, ended.out) == (64, "")
    assert ended.sentences == [
        "error: no endpoint `olama` in the project",
        "help: did you mean `ollama`?",
    ]


def test_an_unmatched_question_to_the_scripted_model_shows_it_and_the_nearest_reply(tmp_path):
    replies = (
        "version: 1\nreplies:\n  - when: {assistant: guide, user: say goodbye}\n    say: bye\n"
    )
    project = Project(tmp_path, {"talk.flow.yaml": TALK, "talk.replies.yaml": replies})
    ended = project.flowrun("execute", "talk.flow.yaml")
    assert ended.code == 1
    assert "Say hello" in ended.err
    assert "say goodbye" in ended.err
