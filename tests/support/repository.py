"""Where the repository is and which files belong to it."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def package_files() -> tuple[Path, ...]:
    """Return the modules of `flowrun/`, sorted."""
    return tuple(sorted((ROOT / "flowrun").rglob("*.py")))


def module_name(file: Path) -> str:
    """Return the dotted name that a file of the package is imported by."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tracked_files() -> tuple[str, ...]:
    """Return what git tracks or would track, as paths with slashes, where the file exists."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(one for one in sorted(set(listed.stdout.splitlines())) if (ROOT / one).is_file())


def run_python(*arguments: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess:
    """Run this Python in a process of its own: no endpoint's key, no colours, this tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
