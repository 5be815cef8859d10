"""Documents: variables, texts of other files, includes, and complaints in every file."""

import pytest

from flowrun.source.diagnostic import Diagnostic
from flowrun.source.document import (
    NO_SUCH_FILE,
    OUTSIDE_PROJECT,
    Document,
    Unreadable,
    decode_source,
)
from flowrun.source.locate import locate
from flowrun.source.nodes import FROM_ENVIRONMENT, UNKNOWN, Mapping, Scalar
from flowrun.source.resolve import is_prompt, resolve_document, secret_allowed
from flowrun.source.text import SourceText
from tests.support.yaml_trees import plain


def resolve(
    files: dict[str, str | bytes | Unreadable], path: str = "flow.yaml", **environ: str
) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    def read(asked: str) -> SourceText | Unreadable:
        found = files.get(asked, Unreadable(asked, NO_SUCH_FILE))
        if isinstance(found, Unreadable):
            return found
        return decode_source(asked, found if isinstance(found, bytes) else found.encode())

    return resolve_document(path, read, environ)


def document(files: dict[str, str | bytes], path: str = "flow.yaml", **environ: str) -> Document:
    found, complaints = resolve(dict(files), path, **environ)
    assert complaints == ()
    assert found is not None
    return found


def codes(files: dict[str, str | bytes | Unreadable], **environ: str) -> list[str]:
    return [f"{one.code} {one.span}" for one in resolve(files, **environ)[1]]


def scalar(mapping: Mapping, *names: str) -> Scalar:
    node = mapping
    for name in names:
        assert isinstance(node, Mapping)
        node = node.get(name)
    assert isinstance(node, Scalar)
    return node


# Variables


def test_variables_are_filled_in_outside_prompts():
    text = """\
name: ${NAME}
x-mine: ${NOPE}
description: keep ${NAME}
tools:
  t: {script: 'echo ${NAME}', cwd: '${NAME}', description: 'keep ${NAME}'}
assistants:
  a: {instructions: 'keep ${NAME}', model: '${NAME}', metadata: {message: '${NAME}'}}
steps:
  s: {message: 'keep ${NAME}', with: {message: '${NAME}', x-a: ['${NAME}']}}
outputs: {message: '${NAME}'}
"""
    root = plain(document({"flow.yaml": text}, NAME="v").root)
    kept = "keep ${NAME}"
    assert root == {
        "name": "v",
        "x-mine": "${NOPE}",
        "description": kept,
        "tools": {"t": {"script": "echo ${NAME}", "cwd": "v", "description": kept}},
        "assistants": {"a": {"instructions": kept, "model": "v", "metadata": {"message": "v"}}},
        "steps": {"s": {"message": kept, "with": {"message": "v", "x-a": ["v"]}}},
        "outputs": {"message": "v"},
    }


def test_what_is_anchored_in_a_key_of_ones_own_is_filled_in_where_it_is_used():
    text = "x-base: &base {model: '${M}'}\nassistants: {a: {<<: *base}}\n"
    root = plain(document({"flow.yaml": text}, M="m").root)
    assert root["assistants"] == {"a": {"model": "m"}}


def test_a_file_without_variables_keeps_its_very_tree():
    found = document({"flow.yaml": "a: {b: [1, c]}\n"})
    assert plain(found.root) == {"a": {"b": [1, "c"]}}


def test_a_missing_variable_is_complained_of_and_its_value_is_unknown():
    found, (one,) = resolve({"flow.yaml": "a: 1\nb: x ${NOPE}\n"})
    assert (one.code, str(one.span)) == ("env/missing", "flow.yaml:2:6")
    assert found is not None
    assert scalar(found.root, "b").tag == UNKNOWN


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (("endpoints", "openai", "api_key"), True),
        (("endpoints", "openai", "headers", "x-api-key"), True),
        (("tools", "weather", "env", "KEY"), True),
        (("tools", "weather", "env", 0), False),
        (("tools", "weather", "shell", 0), False),
        (("endpoints", "openai", "base_url"), False),
        (("steps", "s", "with", "env", "KEY"), False),
        (("assistants", "a", "instructions"), False),
        (("api_key",), False),
        ((), False),
    ],
)
def test_a_secret_may_stand_where_its_value_is_used_and_not_kept(path, allowed):
    assert secret_allowed(path) is allowed


def test_secrets_are_left_where_they_may_stand_and_refused_elsewhere():
    text = """\
endpoints: {e: {api_key: '${secret:K}', headers: {x-key: 'Bearer ${secret:K}'}}}
tools: {t: {env: {A: '${secret:K}'}, script: 'echo ${secret:K}', shell: ['${secret:K}']}}
assistants: {a: {instructions: 'say ${secret:K}'}}
"""
    found, complaints = resolve({"flow.yaml": text})
    assert [f"{one.code} {one.span}" for one in complaints] == [
        "secret/not-here flow.yaml:2:52",
        "secret/not-here flow.yaml:2:75",
        "secret/not-here flow.yaml:3:37",
    ]
    assert found is not None
    assert scalar(found.root, "endpoints", "e", "api_key").value == "${secret:K}"


def test_prompts_are_told_from_values_by_where_they_stand():
    assert is_prompt(("steps", "env", "message"))
    assert is_prompt(("inputs", "city", "description"))
    assert is_prompt(("steps", "s", "ask", "message"))
    assert is_prompt(("steps", "set", "message"))
    assert not is_prompt(("steps", "s", "with", "message"))
    assert not is_prompt(("steps", "s", "set", "message"))
    assert not is_prompt(("steps", "s", "foreach", 0, "message"))
    assert not is_prompt(("outputs", "message"))
    assert not is_prompt(("replies", 0, "call", 0, "arguments", "message"))


# Texts of other files


def test_a_text_is_read_from_another_file_as_it_is():
    files = {
        "flows/flow.yaml": "assistants: {a: {instructions: !file ../prompts/a.md}}\n",
        "prompts/a.md": b"\xef\xbb\xbfone ${X}\r\ntwo {{ inputs.x }}\r\n",
    }
    found = document(files, "flows/flow.yaml")
    text = scalar(found.root, "assistants", "a", "instructions")
    assert text.value == "one ${X}\ntwo {{ inputs.x }}\n"
    assert str(text.span) == "flows/flow.yaml:1:38"
    assert str(locate(text, str(text.value).index("inputs"))) == "prompts/a.md:2:8"
    assert set(found.sources) == set(files)


def test_the_path_of_a_text_may_hold_a_variable():
    files = {"flow.yaml": "a: !file ${LANG}.md\n", "de.md": "hallo"}
    assert plain(document(files, LANG="de").root) == {"a": "hallo"}


@pytest.mark.parametrize(
    ("path", "found", "code"),
    [
        ("nope.md", None, "file/missing"),
        ("../x.md", None, "file/outside-project"),
        ("/etc/passwd", None, "file/outside-project"),
        ("link.md", Unreadable("link.md", OUTSIDE_PROJECT), "file/outside-project"),
        ("dir", Unreadable("dir", "it is a directory"), "file/unreadable"),
        ("latin.md", b"gr\xfcn", "yaml/encoding"),
    ],
)
def test_a_text_that_cannot_be_had_is_complained_of(path, found, code):
    files = {"flow.yaml": f"a: !file {path}\n"} | ({} if found is None else {path: found})
    root, (one,) = resolve(files)
    assert one.code == code
    assert str(one.span) == ("latin.md:1:3" if code == "yaml/encoding" else "flow.yaml:1:10")
    assert root is not None
    assert scalar(root.root, "a").tag == UNKNOWN


def test_a_near_miss_that_the_reader_knows_is_suggested():
    _, (one,) = resolve(
        {"flow.yaml": "a: !file nope.md\n", "nope.md": Unreadable("", NO_SUCH_FILE, "note.md")}
    )
    assert one.hint == "did you mean `note.md`?"


# The file itself


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "an empty file"), ("- a\n", "a list"), ("hello\n", "a text or number")],
)
def test_a_file_that_is_no_mapping_is_refused(text, said):
    found, (one,) = resolve({"flow.yaml": text})
    assert found is None
    assert one.code == "yaml/not-a-mapping"
    assert one.message.endswith(said)


def test_a_file_that_is_not_there_is_refused():
    assert codes({}) == ["file/missing flow.yaml:1:1"]


# Includes


def test_definitions_of_included_files_are_added_after_ones_own():
    files = {
        "flows/flow.yaml": "include: [../shared/a.yaml]\nversion: 1\ntools: {t: {cwd: .}}\n",
        "shared/a.yaml": "version: 1\ninclude: [b.yaml]\nx-c: 1\n"
        "tools: {u: {script: !file u.sh}}\nassistants: {g: {model: '${M}'}}\n",
        "shared/b.yaml": "threads: {r: {}}\ntools: {v: {}}\nassistants:\n",
        "shared/u.sh": "echo\n",
    }
    root = document(files, "flows/flow.yaml", M="m").root
    assert plain(root) == {
        "include": ["../shared/a.yaml"],
        "version": 1,
        "tools": {"t": {"cwd": "."}, "u": {"script": "echo\n"}, "v": {}},
        "assistants": {"g": {"model": "m"}},
        "threads": {"r": {}},
    }
    tools = root.get("tools")
    assert isinstance(tools, Mapping)
    assert [str(one.key.span) for one in tools] == [
        "flows/flow.yaml:3:9",
        "shared/a.yaml:4:9",
        "shared/b.yaml:2:9",
    ]


def test_a_file_included_on_two_ways_is_merged_once():
    files = {
        "flow.yaml": "include: [a.yaml, b.yaml, ./a.yaml]\n",
        "a.yaml": "include: [c.yaml]\n",
        "b.yaml": "include: [c.yaml]\n",
        "c.yaml": "threads: {t: {}}\n",
    }
    assert plain(document(files).root.get("threads")) == {"t": {}}


def test_a_name_defined_twice_shows_both_places():
    files = {
        "flow.yaml": "include: [a.yaml]\nthreads: {t: {}}\n",
        "a.yaml": "threads:\n  t: {}\n  u: {}\n",
    }
    found, (one,) = resolve(dict(files))
    assert (one.code, str(one.span)) == ("file/include-conflict", "a.yaml:2:3")
    assert str(one.related[0].span) == "flow.yaml:2:11"
    assert found is not None
    assert plain(found.root.get("threads")) == {"t": {}, "u": {}}


def test_a_circle_of_includes_names_the_whole_way():
    files = {
        "flow.yaml": "include: [a.yaml]\n",
        "a.yaml": "include: [b.yaml]\n",
        "b.yaml": "include: [c.yaml, a.yaml]\n",
        "c.yaml": "x-c: 1\n",
    }
    _, (one,) = resolve(dict(files))
    assert (one.code, str(one.span)) == ("file/include-cycle", "b.yaml:1:19")
    assert one.message.endswith("`a.yaml` → `b.yaml` → `a.yaml`")


def test_a_file_that_includes_itself_is_a_circle():
    assert codes({"flow.yaml": "include: [flow.yaml]\n"}) == ["file/include-cycle flow.yaml:1:11"]


@pytest.mark.parametrize(
    ("included", "place"),
    [
        ("steps: {}\n", "a.yaml:1:1"),
        ("name: x\ntools: {}\n", "a.yaml:1:1"),
        ("tools: [a]\n", "a.yaml:1:8"),
        ("version: 2\n", "a.yaml:1:10"),
    ],
)
def test_an_included_file_holds_definitions_only(included, place):
    files = {"flow.yaml": "version: 1\ninclude: [a.yaml]\n", "a.yaml": included}
    assert codes(files) == [f"file/include-content {place}"]


def test_a_misspelt_section_of_an_included_file_is_suggested():
    _, (one,) = resolve({"flow.yaml": "include: [a.yaml]\n", "a.yaml": "tolos: {}\n"})
    assert one.hint == "did you mean `tools`?"


def test_includes_that_cannot_be_had_are_complained_of_where_they_are_named():
    files = {"flow.yaml": "include:\n  - nope.yaml\n  - ../x.yaml\n  - a.yaml\n", "a.yaml": "- x\n"}
    assert codes(files) == [
        "yaml/not-a-mapping a.yaml:1:1",
        "file/missing flow.yaml:2:5",
        "file/outside-project flow.yaml:3:5",
    ]


def test_the_number_of_included_files_is_bounded():
    files = {f"f{n}.yaml": f"include: [f{n + 1}.yaml]\n" for n in range(200)}
    found = codes({"flow.yaml": "include: [f0.yaml]\n", **files})
    assert [one.split()[0] for one in found] == ["yaml/too-large"]


def test_what_is_no_list_of_paths_is_left_to_later_stages():
    assert codes({"flow.yaml": "include: a.yaml\n"}) == []
    assert codes({"flow.yaml": "include: [1, [a]]\ntools: 3\n"}) == []


def test_a_syntax_error_in_one_file_hides_nothing_in_the_others():
    files = {
        "flow.yaml": "include: [a.yaml, b.yaml]\nx: ${NOPE}\ny: 1\ny: 2\n",
        "a.yaml": "tools: [\n",
        "b.yaml": "threads: {t: {key: !file nope.md}}\nsteps: {}\n",
    }
    assert codes(files) == [
        "yaml/unclosed a.yaml:1:8",
        "file/missing b.yaml:1:26",
        "file/include-content b.yaml:2:1",
        "env/missing flow.yaml:2:4",
        "yaml/duplicate-key flow.yaml:4:1",
    ]


def test_no_value_of_the_environment_shows_in_a_complaint():
    canary = "canary-77aa"
    files = {
        "flow.yaml": "include: [b.yaml]\ntools: {'${C}': 1, t: {env: {A: '$${secret:X} ${C}'}}}\n"
        "a: !file ${C}.md\nb: ${C\nversion: 1\n",
        "b.yaml": "version: ${C}\nthreads: ${C}\n",
    }
    found, complaints = resolve(dict(files), C=canary)
    assert len(complaints) >= 5
    assert canary not in repr(complaints)
    assert found is not None
    assert scalar(document({"flow.yaml": "a: ${C}\n"}, C="7").root, "a").tag == FROM_ENVIRONMENT


def test_a_secret_in_the_file_of_a_prompt_is_refused_there():
    files = {
        "flow.yaml": "assistants: {a: {instructions: !file p.md}}\n",
        "p.md": "Say\n${secret:KEY} aloud\n",
    }
    (one,) = resolve(files)[1]
    assert (one.code, str(one.span)) == ("secret/not-here", "p.md:2:1")


def test_a_secret_in_a_file_that_is_no_prompt_is_data():
    files = {
        "flow.yaml": "inputs: {a: {default: !file change.diff}}\n",
        "change.diff": "+${secret:KEY}\n",
    }
    assert not codes(files)


def test_a_path_that_is_empty_is_said_to_be():
    (one,) = resolve({"flow.yaml": "a: !file ''\n"})[1]
    assert one.message == "the path of a file expected, found an empty text"


def test_a_tag_before_a_list_leaves_nothing_to_complain_of_twice():
    found, (one,) = resolve({"flow.yaml": "a: !file [b]\n"})
    assert one.code == "yaml/unknown-tag"
    assert found is not None
    assert scalar(found.root, "a").tag == UNKNOWN
