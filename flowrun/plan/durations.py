"""Durations as people write them: `30s`, `500ms`, `5m`, `1h`."""

from collections.abc import Mapping
from types import MappingProxyType

_SECONDS: Mapping[str, float] = MappingProxyType({"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0})


def to_seconds(written: str) -> float:
    """Return the seconds of a duration that `spec` has admitted."""
    unit = written.lstrip("0123456789.")
    return float(written.removesuffix(unit)) * _SECONDS[unit]
