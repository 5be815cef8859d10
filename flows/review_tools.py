"""Turn the reviews of the panel into a comment for a pull request."""

from dataclasses import dataclass
from typing import Literal


@dataclass
class Finding:
    """One thing a reviewer found."""

    line: int
    severity: Literal["minor", "major"]
    problem: str


@dataclass
class Review:
    """What a reviewer answers, by schema."""

    verdict: Literal["approve", "change"]
    findings: list[Finding]


def write_comment(correctness: Review, safety: Review) -> str:
    """Write the reviews as one Markdown comment, major findings first.

    Args:
        correctness: The engineer's review.
        safety: The security reviewer's review.
    """
    approved = correctness.verdict == safety.verdict == "approve"
    title = "**Approved**" if approved else "**Changes requested**"
    rows = [
        (finding.severity != "major", finding.line, topic, finding.problem)
        for topic, review in (("correctness", correctness), ("security", safety))
        for finding in review.findings
    ]
    lines = [f"- line {line} ({topic}): {problem}" for _, line, topic, problem in sorted(rows)]
    return "\n".join([title, "", *(lines or ["No findings."])])
