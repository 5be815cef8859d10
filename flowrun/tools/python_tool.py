"""Tools that are Python functions of the project.

They run inside flowrun: `async def` functions as tasks on its event loop, others in threads. A task
can be ended, a thread cannot; a function that outlives its timeout is left behind and said to be.
"""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from flowrun.ids import JsonObject, JsonValue
from flowrun.plan.plan import PlannedTool
from flowrun.ports.tools import (
    ToolFailed,
    ToolFailureKind,
    ToolInvocation,
    ToolOutcome,
    ToolSucceeded,
)
from flowrun.tools.arguments import ArgumentSchema, CannotLoad, DoesNotFit, argument_at
from flowrun.tools.endings import to_the_end
from flowrun.tools.environment import Surroundings, declared_environment
from flowrun.tools.invocation import KEY_PARAMETER, current_invocation
from flowrun.tools.modules import ProjectModules, SourceRefused
from flowrun.tools.stdout import ToolOutput
from flowrun.tools.threads import Threads
from flowrun.tools.values import Unsayable, describe, say

CALLS_AT_ONCE = 32
"""Synchronous functions at work at a time; others wait for their turn before their time runs."""
GRACE_S = 1.0
"""How long a function that is cancelled may take to clean up."""

Function: TypeAlias = Callable[..., object]
Call: TypeAlias = tuple[tuple[object, ...], dict[str, object]]
Converter: TypeAlias = Callable[[dict[str, JsonValue]], Call]
"""See `tools.conversion`, which is loaded with the first tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where Python tools are loaded from and run. Flows of one run share all but the modules."""

    modules: ProjectModules
    surroundings: Surroundings
    threads: Threads = field(default_factory=Threads)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS_AT_ONCE))


class PythonTool:
    """A loaded function."""

    def __init__(
        self,
        tool: PlannedTool,
        function: Function,
        *,
        schema: ArgumentSchema,
        converter: Converter,
        workshop: Workshop,
    ) -> None:
        self._tool = tool
        self._function = function
        self._schema = schema
        self._converter = converter
        self._workshop = workshop
        self._takes_key = _takes_key(function)
        self._run = self._as_task if _is_async(function) else self._in_thread

    async def call(self, arguments: JsonObject, invocation: ToolInvocation) -> ToolOutcome:
        """Convert the arguments to what the annotations say, and run the function.

        Raises:
            DoesNotFit: the arguments are not what the schema or the annotations admit.
        """
        complete = self._schema.complete(arguments)
        if self._takes_key:
            _refuse_key(complete)
            complete = {**complete, KEY_PARAMETER: invocation.idempotency_key}
        try:
            call = self._converter(complete)
        except DoesNotFit:
            raise
        except Exception as error:  # noqa: BLE001  # validators are the author's own code
            said = f"raised {self._described(error)} while its arguments were converted"
            return self._failed("exception", said)
        return await self._run(call, invocation)

    async def _as_task(self, call: Call, invocation: ToolInvocation) -> ToolOutcome:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[ToolOutcome | None] = loop.create_future()
        task = loop.create_task(self._awaited(call, invocation, outcome))
        timer = loop.call_later(self._tool.timeout_s, _resolve, outcome, None)
        try:
            found = await outcome
        except asyncio.CancelledError:
            await to_the_end(_end(task))
            raise
        finally:
            timer.cancel()
        if found is not None:
            return found
        ended = await to_the_end(_end(task))
        how = "and was stopped" if ended else "and did not stop when it was told to"
        return self._failed("timeout", f"{self._late()} {how}")

    async def _awaited(
        self,
        call: Call,
        invocation: ToolInvocation,
        outcome: "asyncio.Future[ToolOutcome | None]",
    ) -> None:
        """Await the function in a task of its own and deliver what came of it.

        Delivering from in here, not from the task's end, saves a turn of the loop.
        """
        args, kwargs = call
        current_invocation.set(invocation)  # in a context of this call alone
        found: ToolOutcome | BaseException
        with ToolOutput():
            try:
                returned = await cast("Awaitable[object]", self._function(*args, **kwargs))
            except asyncio.CancelledError:
                found = self._failed("exception", "cancelled itself")
            except (Exception, SystemExit) as error:  # noqa: BLE001  # a tool may raise anything
                found = self._failed("exception", f"raised {self._described(error)}")
            except BaseException as error:  # noqa: BLE001  # raised again where it is awaited
                found = error
            else:
                found = self._said(returned)
        _resolve(outcome, found)

    async def _in_thread(self, call: Call, invocation: ToolInvocation) -> ToolOutcome:
        async with self._workshop.slots:
            loop = asyncio.get_running_loop()
            outcome: asyncio.Future[ToolOutcome | None] = loop.create_future()
            work = functools.partial(copy_context().run, self._called, call, invocation)
            self._workshop.threads.submit(functools.partial(_deliver, work, loop, outcome))
            timer = loop.call_later(self._tool.timeout_s, _resolve, outcome, None)
            try:
                found = await outcome
            finally:
                timer.cancel()
        if found is not None:
            return found
        left = "a function in a thread cannot be stopped, so it may still be at work"
        return self._failed("timeout", f"{self._late()}; {left}")

    def _called(self, call: Call, invocation: ToolInvocation) -> ToolOutcome:
        args, kwargs = call
        current_invocation.set(invocation)  # in a context of this call alone
        with ToolOutput():
            try:
                returned = self._function(*args, **kwargs)
            except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001  # a tool may raise anything
                return self._failed("exception", f"raised {self._described(error)}")
            if inspect.isawaitable(returned):
                if inspect.iscoroutine(returned):
                    returned.close()
                return self._failed("exception", "returned work to be awaited; use `async def`")
            return self._said(returned)

    def _said(self, returned: object) -> ToolOutcome:
        try:
            said = say(returned, self._workshop.surroundings.redactor, self._tool.max_output)
        except Unsayable as error:
            return self._failed("exception", f"returned what JSON cannot say: {error}")
        return ToolSucceeded(value=said.value, text=said.text)

    def _late(self) -> str:
        return f"did not finish within {self._tool.timeout_s:g} s"

    def _described(self, error: BaseException) -> str:
        return self._workshop.modules.public(describe(error))

    def _failed(self, kind: ToolFailureKind, what: str) -> ToolFailed:
        return ToolFailed(kind=kind, message=f"`{self._tool.name}` {what}")


def load_python_tool(tool: PlannedTool, schema: ArgumentSchema, workshop: Workshop) -> PythonTool:
    """Load the module and find the function.

    Raises:
        CannotLoad: the module or function is not there, changed since the check, or cannot be
            called with named arguments.
    """
    _refuse_unkeepable(tool, workshop.surroundings)
    module_name, _, name = tool.entrypoint.partition(":")
    function = getattr(_load_module(module_name, workshop.modules), name, None)
    if function is None:
        message = f"module `{module_name}` has no function `{name}`"
        raise CannotLoad(message)
    if not callable(function):
        message = f"`{tool.entrypoint}` is not a function"
        raise CannotLoad(message)
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        message = f"`{tool.entrypoint}` must return its result, it yields"
        raise CannotLoad(message)
    defaults = _own_defaults(tool.entrypoint, function, schema)
    schema.leave_defaults_of(defaults)
    converter = _converter(tool.entrypoint, function, schema, workshop.modules)
    return PythonTool(tool, function, schema=schema, converter=converter, workshop=workshop)


def _refuse_unkeepable(tool: PlannedTool, surroundings: Surroundings) -> None:
    """Refuse what cannot be promised to a function that shares flowrun's own process."""
    for name, value in declared_environment(tool, surroundings).items():
        if surroundings.environment.get(name) != value:
            message = (
                f"`env` cannot set `{name}` for a Python function, which runs inside flowrun and "
                "sees flowrun's own environment"
            )
            raise CannotLoad(message)
    if tool.cwd != ".":
        message = "`cwd` cannot be set for a Python function, which runs inside flowrun"
        raise CannotLoad(message)


def _load_module(name: str, modules: ProjectModules) -> object:
    try:
        with ToolOutput():
            return modules.load(name)
    except SourceRefused as error:
        raise CannotLoad(str(error)) from error
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == f"{modules.name}.{name}":
            message = f"no module `{name}` beside the flow, in the project or in `tool_paths`"
        else:
            message = f"module `{name}` cannot be loaded: {modules.public(describe(error))}"
        raise CannotLoad(message) from error


def _own_defaults(entrypoint: str, function: Function, schema: ArgumentSchema) -> frozenset[str]:
    """Return the parameters that have a default of their own.

    Raises:
        CannotLoad: what the schema names and what the function takes do not go together.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError) as error:  # written in C, without a text signature
        message = f"`{entrypoint}` does not tell its parameters"
        raise CannotLoad(message) from error
    for one in parameters:
        if one.kind is one.POSITIONAL_ONLY:
            message = f"`{entrypoint}` takes `{one.name}` by position only, arguments have names"
            raise CannotLoad(message)
    _refuse_misfit(entrypoint, {one.name: one for one in parameters}, schema)
    return frozenset(one.name for one in parameters if one.default is not one.empty)


def _refuse_misfit(
    entrypoint: str, parameters: Mapping[str, inspect.Parameter], schema: ArgumentSchema
) -> None:
    """Refuse a function that no arguments of the schema could call: decorated, for instance."""
    open_ended = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    for name in schema.names:
        if name not in parameters and not open_ended:
            message = f"`{entrypoint}` has no parameter `{name}`, which `parameters` names"
            raise CannotLoad(message)
    if KEY_PARAMETER in parameters and KEY_PARAMETER in schema.names:
        message = f"`{KEY_PARAMETER}` is filled in by flowrun, so `parameters` must not name it"
        raise CannotLoad(message)
    for one in parameters.values():
        if one.name == KEY_PARAMETER:
            continue
        needed = one.default is one.empty and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
        if needed and schema.is_closed and one.name not in schema.names:
            message = f"`{entrypoint}` needs `{one.name}`, which `parameters` does not name"
            raise CannotLoad(message)


def _converter(
    entrypoint: str, function: Function, schema: ArgumentSchema, modules: ProjectModules
) -> Converter:
    # Loaded by the first tool, not by whoever imports this module.
    from flowrun.tools.conversion import converter_of

    given = schema.names if schema.is_closed else None
    with ToolOutput():
        return converter_of(function, entrypoint, given=given, modules=modules)


def _takes_key(function: Function) -> bool:
    return KEY_PARAMETER in inspect.signature(function).parameters


def _refuse_key(arguments: Mapping[str, JsonValue]) -> None:
    if KEY_PARAMETER in arguments:
        message = f"{argument_at([KEY_PARAMETER])} is not known"
        raise DoesNotFit(message)


def _is_async(function: Function) -> bool:
    call = getattr(function, "__call__", None)  # noqa: B004  # an object may define it as async
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


async def _end(task: "asyncio.Task[None]") -> bool:
    """Cancel a task and say whether it ended."""
    task.cancel()
    done, _ = await asyncio.wait((task,), timeout=GRACE_S)
    return bool(done)


def _deliver(
    work: Callable[[], ToolOutcome],
    loop: asyncio.AbstractEventLoop,
    outcome: "asyncio.Future[ToolOutcome | None]",
) -> None:
    found: ToolOutcome | BaseException
    try:
        found = work()
    except BaseException as error:  # noqa: BLE001  # raised again where the outcome is awaited
        found = error
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_resolve, outcome, found)


def _resolve(
    outcome: "asyncio.Future[ToolOutcome | None]", found: ToolOutcome | BaseException | None
) -> None:
    if outcome.done():
        return
    if isinstance(found, BaseException):
        outcome.set_exception(found)
    else:
        outcome.set_result(found)
