"""Which call a Python tool is serving, for the tool itself."""

from contextvars import ContextVar

from flowrun.ports.tools import ToolInvocation

current_invocation: ContextVar[ToolInvocation | None] = ContextVar(
    "flowrun_invocation", default=None
)
"""The call that the running Python tool serves, None outside of one.

A function with side effects reads `current_invocation.get().idempotency_key`, which programs are
given as `FLOWRUN_IDEMPOTENCY_KEY`. It follows tasks and the threads that flowrun runs tools in.
"""
