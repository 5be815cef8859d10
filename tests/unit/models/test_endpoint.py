import pytest

from flowrun.errors import ProjectError
from flowrun.models.endpoint import Endpoint

URL = "http://127.0.0.1:8000/v1"


def test_neither_key_nor_headers_nor_url_are_in_the_repr():
    endpoint = Endpoint(
        name="local",
        base_url="http://user:pass-canary@host/v1",
        api_key="sk-canary",
        headers={"X": "hdr-canary"},
    )
    assert "canary" not in repr(endpoint)


def test_the_url_is_shown_without_user_password_and_query():
    endpoint = Endpoint(name="e", base_url="https://user:secret@host:8/v1?key=secret#x")
    assert endpoint.shown_url == "https://host:8/v1"


def test_an_endpoint_named_by_its_url_is_labelled_without_secrets():
    url = "http://user:secret@host/v1"
    assert Endpoint(name=url, base_url=url).label == "http://host/v1"
    assert Endpoint(name="local", base_url=url).label == "local"


@pytest.mark.parametrize(
    "url", ["", "localhost:8000/v1", "ftp://host/v1", "http://", "http://[::1/v1", "http://h:x/v1"]
)
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(ProjectError, match="endpoint `e`: expected a `base_url`"):
        Endpoint(name="e", base_url=url)


@pytest.mark.parametrize("key", ["canary\n", " canary", "can\r\nary", "cänary", "can\0ary"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key):
    with pytest.raises(ProjectError, match="printable ASCII") as caught:
        Endpoint(name="e", base_url=URL, api_key=key, key_name="MY_KEY")
    assert key not in str(caught.value)
    assert "ary" not in str(caught.value)
    assert caught.value.hint == "set `MY_KEY` to a key that this endpoint accepts"


@pytest.mark.parametrize("header", [("X-A", "can\nary"), ("X A", "v"), ("", "v"), ("X\r\nY", "v")])
def test_a_header_that_cannot_be_sent_is_refused(header):
    with pytest.raises(ProjectError, match="header"):
        Endpoint(name="e", base_url=URL, headers=dict([header]))


def test_secrets_are_redacted_the_longest_first():
    endpoint = Endpoint(
        name="e",
        base_url="http://user:password-1@host/v1",
        api_key="sk-abcdef",
        headers={"Authorization": "Bearer sk-abcdef-longer", "X-Flag": "1"},
    )
    text = "Bearer sk-abcdef-longer, sk-abcdef-longer, sk-abcdef, password-1, 1"
    assert endpoint.redact(text) == "[hidden], [hidden], [hidden], [hidden], 1"


def test_the_key_hint_names_what_to_set():
    assert "`OPENAI_API_KEY`" in Endpoint(
        name="e", base_url=URL, key_name="OPENAI_API_KEY"
    ).key_hint  # fmt: skip
    assert Endpoint(name="e", base_url=URL).key_hint == (
        "set `api_key` of endpoint `e` in the project file"
    )
