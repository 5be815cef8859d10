"""A file of inputs: YAML or JSON, and mistakes at their place."""

import os
import threading

import pytest

from flowrun.app.input_file import read_inputs_file
from flowrun.errors import BadRequest, InvalidSource, ProjectError


def write(folder, data, name="inputs.yaml"):
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(file)


def complaint(path):
    with pytest.raises(InvalidSource) as refused:
        read_inputs_file(path)
    [one] = refused.value.report.diagnostics
    assert refused.value.report.sources[path].path == path
    return one.code, one.span.start, one.message


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.yaml", "city: Rome\ndays: 3\n"),
        ("a.yaml", b"\xef\xbb\xbfcity: Rome\r\ndays: 3\r\n"),
        ("a.yaml", '{"city": "Rome", "days": 3}'),
        ("a.json", '{\n\t"city": "Rome",\n\t"days": 3\n}\n'),
        ("a.json", b'\xef\xbb\xbf{"city": "Rome", "days": 3}'),
    ],
)
def test_yaml_and_json_say_the_same(tmp_path, name, data):
    assert read_inputs_file(write(tmp_path, data, name)) == {"city": "Rome", "days": 3}


def test_yaml_is_that_of_flows(tmp_path):
    path = write(tmp_path, "a: on\nb: 010\nc: 12:30\nd: null\n")
    assert read_inputs_file(path) == {"a": "on", "b": 10, "c": "12:30", "d": None}


def test_json_knows_letters_in_two_escapes(tmp_path):
    assert read_inputs_file(write(tmp_path, '{"a": "\\ud83d\\ude00"}', "a.json")) == {"a": "😀"}


@pytest.mark.parametrize(
    ("name", "data", "code", "place"),
    [
        ("a.yaml", b"city: \xff\n", "yaml/encoding", (1, 7)),
        ("a.yaml", "a: 1\na: 2\n", "yaml/duplicate-key", (2, 1)),
        ("a.yaml", "a: [1\n", "yaml/unclosed", (1, 4)),
        ("a.yaml", "a:\n  b: !file prompt.md\n", "yaml/unknown-tag", (2, 12)),
        ("a.yaml", "a: [1, !other x]\n", "yaml/unknown-tag", (1, 8)),
        ("a.json", '{"a": 1, "a": 2}', "yaml/duplicate-key", (1, 10)),
        ("a.json", '{"a": 1,}', "yaml/syntax", (1, 9)),
        ("a.json", "a: 1\n", "yaml/syntax", (1, 1)),
    ],
)
def test_a_mistake_is_shown_at_its_place(tmp_path, name, data, code, place):
    assert complaint(write(tmp_path, data, name))[:2] == (code, place)


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
@pytest.mark.parametrize("text", ["", "[1]", "3", "null"])
def test_only_a_mapping_is_one_of_inputs(tmp_path, name, text):
    with pytest.raises((BadRequest, InvalidSource)):
        read_inputs_file(write(tmp_path, text, name))


def test_what_cannot_be_read_is_said_in_plain_words(tmp_path):
    with pytest.raises(ProjectError) as refused:
        read_inputs_file(str(tmp_path / "none.yaml"))
    assert str(refused.value).endswith("cannot be read: no such file or directory")
    with pytest.raises(ProjectError, match="is a directory"):
        read_inputs_file(str(tmp_path))


def test_a_pipe_is_read_to_its_end(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("days: 2\n", "utf-8"))
    writer.start()
    assert read_inputs_file(str(pipe)) == {"days": 2}
    writer.join()
