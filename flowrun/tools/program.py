"""What shell and script tools share: folder, environment, and what came of the program."""

import errno
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowrun.ids import JsonValue
from flowrun.plan.plan import PlannedTool
from flowrun.ports.tools import ToolFailed, ToolInvocation, ToolOutcome, ToolSucceeded
from flowrun.tools.arguments import CannotLoad, DoesNotFit
from flowrun.tools.capture import Capture
from flowrun.tools.environment import (
    Surroundings,
    base_environment,
    declared_environment,
)
from flowrun.tools.launch import Launch, run_program
from flowrun.tools.orphans import PROJECT_VARIABLE, RUN_VARIABLE

MESSAGE_MAX = 2000
"""Characters of a program's output that a failure's message repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A tool that is a program, resolved as far as it can be before it is called."""

    tool: PlannedTool
    executable: Path
    environment: Mapping[str, str]
    surroundings: Surroundings

    async def run(
        self,
        argv: Sequence[str],
        invocation: ToolInvocation,
        *,
        extra: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> ToolOutcome:
        """Run it and tell what came of it."""
        tool, redactor = self.tool, self.surroundings.redactor
        stdout = Capture(tool.max_output, redactor, "head")
        stderr = Capture(tool.max_output, redactor, "tail")
        try:
            launch = Launch(
                executable=self.executable,
                argv=tuple(argv),
                cwd=confined(self.surroundings.root, tool.cwd),
                environment=self._environment(invocation, extra or {}),
                stdin=stdin,
                timeout_s=tool.timeout_s,
            )
            ended = await run_program(launch, stdout=stdout, stderr=stderr)
        except CannotLoad as problem:  # the folder changed since it was checked
            return ToolFailed(kind="cannot_start", message=str(problem))
        except OSError as error:
            return ToolFailed(kind="cannot_start", message=_no_start(tool.name, error))
        return _outcome(tool, ended.exit_code, stdout.text(), stderr.text())

    def _environment(self, invocation: ToolInvocation, extra: Mapping[str, str]) -> dict[str, str]:
        return {
            **self.environment,
            **extra,
            "FLOWRUN_IDEMPOTENCY_KEY": invocation.idempotency_key,
            RUN_VARIABLE: invocation.run_id,
            PROJECT_VARIABLE: str(self.surroundings.root),
        }


def load_program(tool: PlannedTool, command: str, surroundings: Surroundings) -> Program:
    """Resolve the command, the folder and the environment of a tool.

    Raises:
        CannotLoad: one of them is not there.
    """
    environment = base_environment(surroundings) | declared_environment(tool, surroundings)
    folder = confined(surroundings.root, tool.cwd)
    return Program(
        tool=tool,
        executable=_find_program(command, folder, environment.get("PATH", os.defpath)),
        environment=environment,
        surroundings=surroundings,
    )


def confined(root: Path, folder: str) -> Path:
    """Return a folder of the project, symbolic links resolved.

    Raises:
        CannotLoad: it is outside the project, or no folder.
    """
    if "\0" in folder:
        message = "`cwd` holds a NUL character"
        raise CannotLoad(message)
    path = (root / folder).resolve()
    if not path.is_relative_to(root):
        message = f"`cwd` must be inside the project, `{folder}` is not"
        raise CannotLoad(message)
    if not path.is_dir():
        message = f"`cwd` must be a folder, `{folder}` is not"
        raise CannotLoad(message)
    return path


def clean(name: str, text: str) -> str:
    """Return a text that can be given to a program.

    Raises:
        DoesNotFit: the system has no way to pass it on.
    """
    if "\0" in text:
        message = f"argument `{name}` holds a NUL character, which no program can be given"
        raise DoesNotFit(message)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"argument `{name}` is not valid Unicode text"
        raise DoesNotFit(message) from error
    return text


def _find_program(command: str, folder: Path, path: str) -> Path:
    if "/" in command:
        candidate = folder / command
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
        message = f"program `{command}` is not there, or is not executable"
        raise CannotLoad(message)
    found = shutil.which(command, path=path)
    if found is None:
        message = f"program `{command}` is not on PATH"
        raise CannotLoad(message)
    return Path(found).absolute()


def _no_start(name: str, error: OSError) -> str:
    if error.errno == errno.E2BIG:
        return f"`{name}` cannot be started: its arguments are longer than the system allows"
    return f"`{name}` cannot be started: {error.strerror or error}"


def _outcome(tool: PlannedTool, exit_code: int | None, stdout: str, stderr: str) -> ToolOutcome:
    value: dict[str, JsonValue] = {
        "stdout": stdout,
        "stderr": stderr,
        "exit_code": _as_shells_do(exit_code),
    }
    if exit_code is None:
        message = f"`{tool.name}` did not finish within {tool.timeout_s:g} s and was stopped"
        return ToolFailed(kind="timeout", message=message + _said(stderr), value=value)
    if exit_code == 0:
        return ToolSucceeded(value=value, text=stdout)
    message = f"`{tool.name}` {_ending(exit_code)}{_said(stderr or stdout)}"
    return ToolFailed(kind="exit_code", message=message, value=value)


def _as_shells_do(exit_code: int | None) -> int | None:
    return exit_code if exit_code is None or exit_code >= 0 else 128 - exit_code


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    return f"was ended by {name} (exit code {128 - exit_code})"


def _said(output: str) -> str:
    text = output.strip()
    if not text:
        return ""
    return f": {text}" if len(text) <= MESSAGE_MAX else f": …{text[-MESSAGE_MAX:]}"
