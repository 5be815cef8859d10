"""The first line of every file: which version of the language it speaks."""

from collections.abc import Iterator, Mapping

from flowrun.spec.grammar import Fault
from flowrun.spec.plain import Plain
from flowrun.spec.wording import found

_HINT = "write `version: 1` at the top of the file"


def version_faults(file: Mapping[str, Plain], noun: str) -> Iterator[Fault]:
    """Yield a fault when a file does not say `version: 1`."""
    if "version" not in file:
        yield Fault(
            path=(),
            code="bind/unknown-version",
            message=f"{noun} must say `version: 1`, found no version",
            at="opening",
            hint=_HINT,
            about="version",
        )
        return
    version = file["version"]
    if isinstance(version, bool) or version != 1 or isinstance(version, float):
        yield Fault(
            path=("version",),
            code="bind/unknown-version",
            message=f"`version` must be `1`, found {found(version)}",
            at="key" if version is None else "value",
            hint=_HINT if version is None or isinstance(version, str) else _newer(version),
            loses=("version",),
        )


def _newer(version: Plain) -> str:
    if isinstance(version, int) and version > 1:
        return "this release knows version 1 alone; a newer flowrun may know it"
    return _HINT
