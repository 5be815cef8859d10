"""A report for code scanning: SARIF 2.1.0, with paths relative to the repository."""

import json
from collections import Counter
from urllib.parse import quote

from flowrun.ids import VERSION, JsonObject, JsonValue, digest
from flowrun.source.catalog import CATALOG, Page
from flowrun.source.diagnostic import Diagnostic, Severity
from flowrun.source.report import Report
from flowrun.source.text import Span

MOST_RESULTS = 5_000
"""GitHub keeps no more of one run; errors come first."""


def render_sarif(report: Report) -> str:
    """Return the report as one SARIF log. Nothing of the files' texts is in it."""
    kept = sorted(report.diagnostics, key=lambda one: one.severity is not Severity.ERROR)
    kept = kept[:MOST_RESULTS]
    codes = sorted({one.code for one in kept})
    fingerprints = _Fingerprints(report)
    log: JsonObject = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "flowrun",
                        "semanticVersion": VERSION,
                        "rules": [_rule(code, CATALOG.get(code)) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(one, codes.index(one.code), fingerprints.of(one)) for one in kept
                ],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


class _Fingerprints:
    """Names for complaints that stay the same when lines above them come and go."""

    def __init__(self, report: Report) -> None:
        self._sources = report.sources
        self._seen: Counter[str] = Counter()

    def of(self, one: Diagnostic) -> str:
        source = self._sources.get(one.span.path)
        line = "" if source is None else source.line(one.span.start.line).strip()
        name = "\x1f".join((one.code, one.span.path, line, one.message))
        self._seen[name] += 1
        text = f"{name}\x1f{self._seen[name]}"
        return digest(text.encode("utf-8", "replace").decode())[:32]


def _rule(code: str, page: Page | None) -> JsonValue:
    rule: dict[str, JsonValue] = {"id": code}
    if page is not None:
        rule["shortDescription"] = {"text": page.title}
        rule["fullDescription"] = {"text": page.meaning}
        rule["help"] = {"text": f"{page.meaning}\n\nMore: flowrun explain {code}"}
    level = "warning" if code.startswith("lint/") else "error"
    rule["defaultConfiguration"] = {"level": level}
    return rule


def _result(one: Diagnostic, rule: int, fingerprint: str) -> JsonValue:
    text = one.message if one.hint is None else f"{one.message} (help: {one.hint})"
    result: dict[str, JsonValue] = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": one.severity.value,
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(one.span)}],
        "partialFingerprints": {"flowrun/v1": fingerprint},
    }
    if one.related:
        result["relatedLocations"] = [
            {"id": index, "message": {"text": label.text}, "physicalLocation": _place(label.span)}
            for index, label in enumerate(one.related)
        ]
    return result


def _place(span: Span) -> JsonValue:
    return {
        "artifactLocation": {"uri": quote(span.path), "uriBaseId": "%SRCROOT%"},
        "region": {
            "startLine": span.start.line,
            "startColumn": span.start.column,
            "endLine": span.end.line,
            "endColumn": span.end.column,
        },
    }
