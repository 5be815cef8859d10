"""Look at the machine and the project, and say what would keep a flow from running.

Everything found is fit for an issue: no value of a variable, no key, no address with a password in
it, and the home directory is `~`.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from flowrun.app.project import SETTINGS_FILE, Project, find_root, open_project
from flowrun.app.secrets import REFERENCE, SecretMissing, Secrets
from flowrun.engines.reading import read_heads
from flowrun.errors import InvalidSource, StorageError
from flowrun.ids import VERSION
from flowrun.spec.project import Endpoint
from flowrun.storage.database import StoreReader
from flowrun.storage.lock import lock_holder
from flowrun.storage.version import sqlite_version

DISTRIBUTION = "flowrun-engine"
LIBRARIES = (
    "click",
    "jinja2",
    "jsonschema-rs",
    "networkx",
    "openai",
    "pydantic",
    "pyyaml",
    "rich",
    "watchfiles",
)
GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the surroundings."""

    section: str
    name: str
    state: Literal["ok", "note", "broken"]
    said: str
    hint: str | None = None


def examine(folder: Path, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return what is to be known of the installation and of the project around a folder.

    Nothing is written, nothing is asked of a network, and no error is raised for what is broken:
    that is a finding.
    """
    root = find_root(folder)
    project, about_project = _project(root, environ)
    findings = [*_installation(), *about_project]
    if project is not None:
        findings += _store(project, environ)
        findings += _endpoints(project, environ)
    return (*findings, *_git(root, project, environ))


def _installation() -> Iterator[Finding]:
    section = "installation"
    yield Finding(section, "flowrun", "ok", VERSION)
    machine = f"{platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()} on {machine}"
    yield Finding(section, "python", "ok", python)
    yield Finding(section, "sqlite", "ok", sqlite_version())
    for library in LIBRARIES:
        try:
            yield Finding(section, library, "ok", metadata.version(library))
        except metadata.PackageNotFoundError:
            hint = f"install {DISTRIBUTION} again, into this Python"
            yield Finding(section, library, "broken", "not installed", hint)


def _project(root: Path, environ: Mapping[str, str]) -> tuple[Project | None, tuple[Finding, ...]]:
    where = Finding("project", "root", "ok", _shown_path(root, environ))
    if not (root / SETTINGS_FILE).exists():
        none = Finding("project", "settings", "note", f"no {SETTINGS_FILE}; defaults apply")
        return Project(root=root), (where, none)
    try:
        project = open_project(root, environ)
    except InvalidSource as refusal:
        said, hint = f"{SETTINGS_FILE}: {refusal}", "`flowrun check` shows each at its place"
        return None, (where, Finding("project", "settings", "broken", said, hint))
    return project, (where, Finding("project", "settings", "ok", SETTINGS_FILE))


def _store(project: Project, environ: Mapping[str, str]) -> Iterator[Finding]:
    section, path = "store", project.store_path
    yield Finding(section, "file", "ok", _shown_path(path, environ))
    yield _writable(path)
    if not path.exists():
        yield Finding(section, "content", "ok", "none yet; the first run makes it")
        return
    holder = lock_holder(path)
    if holder is not None:
        yield Finding(section, "owner", "note", f"in use by {holder}")
    else:
        yield Finding(section, "owner", "ok", "nobody")
    yield _content(path, owned=holder is not None)


def _writable(path: Path) -> Finding:
    target = path if path.exists() else next(one for one in path.parents if one.exists())
    if os.access(target, os.W_OK) and os.access(
        target if target.is_dir() else target.parent, os.W_OK
    ):
        return Finding("store", "writable", "ok", "yes")
    hint = "allow this user to write there, or name another file as `store.path`"
    return Finding("store", "writable", "broken", "no", hint)


def _content(path: Path, *, owned: bool) -> Finding:
    try:
        store = StoreReader(path)
        try:
            (verdict, *_), *_ = store.read("PRAGMA quick_check(1)")
            heads = read_heads(store, None if owned else frozenset())
        finally:
            store.close()
    except StorageError as failure:
        hint = failure.hint or "move the file away; the next run makes a new one"
        return Finding("store", "content", "broken", str(failure.__cause__ or failure), hint)
    if verdict != "ok":
        hint = "move the file away and restore it from a backup"
        return Finding("store", "content", "broken", str(verdict), hint)
    waiting = sum(
        head.status == "parked" or (head.status == "running" and not head.alive) for head in heads
    )
    said = f"sound; {len(heads)} runs, {waiting} to be resumed"
    return Finding("store", "content", "ok", said)


def _endpoints(project: Project, environ: Mapping[str, str]) -> Iterator[Finding]:
    secrets = Secrets(environ)
    for name, endpoint in project.settings.endpoints.items():
        yield _endpoint(name, endpoint, secrets)
    if "openai" not in project.settings.endpoints:
        yield _ambient(environ, needed=not project.settings.endpoints)


def _endpoint(name: str, endpoint: Endpoint, secrets: Secrets) -> Finding:
    address = _shown_address(endpoint.base_url) if endpoint.base_url else "OpenAI's address"
    key, hint = _key(endpoint.api_key, secrets)
    state: Literal["ok", "note"] = "ok" if hint is None else "note"
    return Finding("endpoints", name, state, f"{address}, {endpoint.wire}, {key}", hint)


def _key(api_key: str | None, secrets: Secrets) -> tuple[str, str | None]:
    """Say whether a key is there, and never the key."""
    if api_key is None:
        return "no key asked for", None
    for name in REFERENCE.findall(api_key):
        try:
            secrets(name)
        except SecretMissing as missing:
            return f"key `{name}` missing", missing.hint
    return "key present", None


def _ambient(environ: Mapping[str, str], *, needed: bool) -> Finding:
    address = environ.get("OPENAI_BASE_URL")
    said = _shown_address(address) if address else "OpenAI's address"
    if environ.get("OPENAI_API_KEY"):
        return Finding("endpoints", "openai", "ok", f"{said}, key present")
    hint = (
        "set `OPENAI_API_KEY`, or add endpoints to `flowrun.yaml`; flows with replies run without"
    )
    missing = f"{said}, key `OPENAI_API_KEY` missing"
    if not needed:
        return Finding("endpoints", "openai", "ok", missing)
    return Finding("endpoints", "openai", "note", missing, hint)


def _git(root: Path, project: Project | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    program = shutil.which("git", path=environ.get("PATH", os.defpath))
    if program is None:
        yield Finding("git", "git", "note", "not on PATH")
        return
    version = _ask([program, "--version"], root)
    yield Finding("git", "git", "ok", (version or "does not answer").removeprefix("git version "))
    if _ask([program, "rev-parse", "--is-inside-work-tree"], root) != "true":
        yield Finding("git", "project", "note", "not in a Git work tree")
        return
    yield Finding("git", "project", "ok", "in a Git work tree")
    if project is not None and project.store_path.is_relative_to(root):
        store = project.store_path.relative_to(root).as_posix()
        if _ask([program, "check-ignore", store], root) == store:
            yield Finding("git", "store", "ok", "ignored")
        else:
            hint = "add `.flowrun/` to `.gitignore`: runs hold what models and tools said"
            yield Finding("git", "store", "note", f"`{store}` is not ignored", hint)


def _ask(command: list[str], folder: Path) -> str | None:
    """Return a program's one line, or None when it fails or takes too long."""
    try:
        answer = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _shown_path(path: Path, environ: Mapping[str, str]) -> str:
    home = environ.get("HOME")
    if home and path.is_relative_to(home):
        return str(Path("~") / path.relative_to(home))
    return str(path)


def _shown_address(address: str) -> str:
    """Return scheme, host and path; never a user, a password or a query."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def count_broken(findings: Iterable[Finding]) -> int:
    """Return how many findings keep flows from running."""
    return sum(one.state == "broken" for one in findings)
