"""The doctor's report."""

import json
from dataclasses import dataclass

from flowrun.views.doctor import findings_object, findings_text


@dataclass(frozen=True)
class Row:
    section: str
    name: str
    state: str
    said: str
    hint: str | None = None


ROWS = (
    Row("installation", "flowrun", "ok", "0.1.0"),
    Row("installation", "openai", "broken", "not installed", "install it"),
    Row("store", "owner", "note", "in use by\x1b[2J somebody"),
)


def test_the_report_is_grouped_and_summed_up():
    assert findings_text(ROWS, colour=False) == (
        "installation\n"
        "  ok      flowrun  0.1.0\n"
        "  broken  openai   not installed\n"
        "                   help: install it\n"
        "\n"
        "store\n"
        "  note    owner    in use by\\x1b[2J somebody\n"
        "\n"
        "1 thing broken\n"
    )


def test_colour_only_underlines_the_words():
    text = findings_text(ROWS, colour=True)
    assert "\x1b[31mbroken\x1b[0m" in text
    assert findings_text(ROWS[:1], colour=True).endswith("nothing is broken\n")


def test_the_report_as_json():
    shown = findings_object(ROWS)
    assert shown["format_version"] == 1
    assert shown["broken"] == 1
    assert shown["findings"][1] == {
        "section": "installation",
        "name": "openai",
        "state": "broken",
        "found": "not installed",
        "hint": "install it",
    }
    json.dumps(shown)
