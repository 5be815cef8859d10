"""What can go wrong in the world, and what that means for the command that met it.

An author's mistake is a `source.Diagnostic`, a step's failure is an event; neither is an exception.
What is left is the world failing or somebody's request that cannot be served:

    FlowrunError                       exit 1
    ├── BadRequest                     exit 64   an argument or input that does not fit
    ├── InvalidSource                  exit 3    raised once, in app, and carries the diagnostics
    ├── ProjectError                   exit 3    no such file, unreadable settings
    ├── EndpointError                  exit 1    a model endpoint; see `EndpointError.retryable`
    │   ├── EndpointUnavailable                  refused, 5xx, timed out, stream cut: retryable
    │   ├── EndpointLimited                      rate limit: retryable, may say when
    │   ├── EndpointDenied         exit 4    key missing, wrong or not allowed
    │   └── EndpointRefused                      the request itself, quota, or no such model
    ├── StorageError                   exit 1    the store cannot be read or written
    │   ├── StoreLocked                exit 6    another process owns it
    │   ├── StoreTooNew                exit 7    written by a newer flowrun
    │   └── OwnershipLost              exit 7    another process took it over
    ├── RunNotFound                    exit 64
    ├── RunConflict                    exit 7    the same run id for something else, or it is over
    │   ├── AlreadyAnswered                      somebody else's answer came first
    │   └── RunCrashLoops                        it kills its process each time
    ├── RuntimeRejected                exit 1    a runtime's refusal, in the API's own words
    └── IllegalTransition              exit 70   our mistake: a state machine misused

Messages are composed here, from facts. Nothing here ever holds the value of a secret.
"""

from collections.abc import Sequence
from typing import ClassVar


class FlowrunError(Exception):
    """Root of everything this package raises on purpose."""

    exit_code: ClassVar[int] = 1
    hint: str | None = None


class BadRequest(FlowrunError):
    """An argument that does not fit; the message says what would."""

    exit_code = 64

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ProjectError(FlowrunError):
    """A project file that is missing or cannot be read."""

    exit_code = 3

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class InvalidSource(FlowrunError):
    """The flow is refused. `report` is the `source.Report` to be shown."""

    exit_code = 3

    def __init__(self, report: object, errors: int) -> None:
        super().__init__(f"{errors} error{'s' if errors != 1 else ''} in the flow")
        self.report = report


class EndpointError(FlowrunError):
    """A model endpoint failed. One sentence names the endpoint, the status and what to do."""

    retryable: ClassVar[bool] = False

    def __init__(
        self,
        endpoint: str,
        problem: str,
        *,
        status: int | None = None,
        code: str | None = None,
        hint: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        said = f" (HTTP {status})" if status is not None else ""
        super().__init__(f"endpoint `{endpoint}`: {problem}{said}")
        self.endpoint = endpoint
        self.problem = problem
        self.status = status
        self.code = code
        self.hint = hint
        self.retry_after_s = retry_after_s


class EndpointUnavailable(EndpointError):
    """Refused, 5xx, timed out, or cut in the middle; another try may help."""

    retryable = True


class EndpointLimited(EndpointError):
    """Too many requests; another try helps after `retry_after_s`."""

    retryable = True


class EndpointDenied(EndpointError):
    """The key is missing, wrong, or not allowed to do this."""

    exit_code = 4


class EndpointRefused(EndpointError):
    """The endpoint understood and said no; the same request will fail again."""


class StorageError(FlowrunError):
    """The store cannot be read or written; nothing new is started after this."""

    def __init__(self, path: str, problem: str, hint: str | None = None) -> None:
        super().__init__(f"store `{path}`: {problem}")
        self.path = path
        self.hint = hint


class StoreLocked(StorageError):
    """Another process owns the store."""

    exit_code = 6

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(
            path,
            f"in use by {holder}",
            "wait for it to finish; `flowrun runs list` works meanwhile",
        )
        self.holder = holder


class StoreTooNew(StorageError):
    """The store was written by a newer flowrun."""

    exit_code = 7

    def __init__(self, path: str, found: str, supported: str) -> None:
        super().__init__(
            path,
            f"written by {found}; this is {supported}",
            "upgrade flowrun, or name another store",
        )


class OwnershipLost(StorageError):
    """Another process took the store over while this one slept."""

    exit_code = 7

    def __init__(self, path: str) -> None:
        super().__init__(path, "taken over by another process; nothing more was written")


class RunNotFound(FlowrunError):
    """No run has this id."""

    exit_code = 64

    def __init__(self, run_id: str, hint: str | None = None) -> None:
        super().__init__(f"no run `{run_id}` in this store")
        self.hint = hint or "`flowrun runs list` shows the runs there are"


class RunConflict(FlowrunError):
    """The run id is taken by a run of another plan, other inputs, or in another state."""

    exit_code = 7

    def __init__(self, run_id: str, problem: str, hint: str | None = None) -> None:
        super().__init__(f"run `{run_id}` {problem}")
        self.hint = hint


class AlreadyAnswered(RunConflict):
    """The question has its answer; the first decision wins."""

    def __init__(self, run_id: str, question: str, answer: str) -> None:
        super().__init__(run_id, f"has its answer to `{question}`: {answer}")


class RunCrashLoops(RunConflict):
    """Every entry of the run ended with the death of its process, and nothing was gained."""

    def __init__(self, run_id: str, entries: int, key: str) -> None:
        super().__init__(
            run_id,
            f"died {entries} times without progress, last at `{key}`; it is parked",
            "mend what kills it, then `flowrun runs resume --force`",
        )


class RuntimeRejected(FlowrunError):
    """A runtime's refusal, worded as the Assistants API worded it.

    `status` is the HTTP status the API would have answered with, `code` and `param` its fields.
    """

    def __init__(
        self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param


class IllegalTransition(FlowrunError):
    """A state machine was given an event that its state does not admit; nothing changed."""

    exit_code = 70

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine} in state `{state}` does not admit `{event}`")
        self.state = state
        self.event = event


def plural(count: int, noun: str) -> str:
    """Return `1 error`, `2 errors`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def name_list(names: Sequence[str]) -> str:
    """Return names in backticks, joined for a sentence."""
    return ", ".join(f"`{name}`" for name in names)
