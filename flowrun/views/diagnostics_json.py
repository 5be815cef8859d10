"""A report for programs: one JSON object, `format_version` 1."""

import json
from itertools import pairwise

from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.source.report import Report
from flowrun.source.text import Position, SourceText, Span

FORMAT_VERSION = 1


def render_json(report: Report) -> str:
    """Return the report as one indented JSON text.

    Lines and columns count from 1, in code points; `offset` counts from 0, in bytes of UTF-8, and
    is null for a file that could not be read. Ends are exclusive.
    """
    offsets = {path: ByteOffsets(source) for path, source in report.sources.items()}
    told: JsonObject = {
        "format_version": FORMAT_VERSION,
        "diagnostics": [_diagnostic(one, offsets) for one in report.diagnostics],
        "summary": {
            "errors": report.errors,
            "warnings": report.warnings,
            "files": report.files,
        },
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


class ByteOffsets:
    """Turns positions of one file into byte offsets; reads the file once, when first asked."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._starts: list[int] = []

    def at(self, position: Position) -> int:
        """Return how many bytes of UTF-8 come before a position."""
        if not self._starts:
            self._starts = self._count()
        starts = self._source.line_starts
        line = min(position.line, len(starts)) - 1
        text = self._source.text[starts[line] : self._source.offset(position)]
        return self._starts[line] + _bytes(text)

    def _count(self) -> list[int]:
        starts = self._source.line_starts
        counted = [0]
        for start, end in pairwise(starts):
            counted.append(counted[-1] + _bytes(self._source.text[start:end]))
        return counted


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def _diagnostic(one: Diagnostic, offsets: dict[str, ByteOffsets]) -> JsonValue:
    return {
        "code": one.code,
        "severity": one.severity.value,
        "message": one.message,
        "label": one.label or None,
        "hint": one.hint,
        **_place(one.span, offsets),
        "related": [_related(label, offsets) for label in one.related],
    }


def _related(label: Label, offsets: dict[str, ByteOffsets]) -> JsonValue:
    return {"message": label.text, **_place(label.span, offsets)}


def _place(span: Span, offsets: dict[str, ByteOffsets]) -> dict[str, JsonValue]:
    known = offsets.get(span.path)
    return {
        "path": span.path,
        "start": _position(span.start, known),
        "end": _position(span.end, known),
    }


def _position(position: Position, known: ByteOffsets | None) -> JsonValue:
    return {
        "line": position.line,
        "column": position.column,
        "offset": None if known is None else known.at(position),
    }
