"""Which call a Python tool is serving, for the tool itself."""

from contextvars import ContextVar

from flowrun.ports.tools import ToolInvocation

current_invocation: ContextVar[ToolInvocation | None] = ContextVar(
    "flowrun_invocation", default=None
)
"""The call that the running Python tool serves, None outside of one.

A function with side effects takes a parameter `idempotency_key`, or reads
`current_invocation.get().idempotency_key`; programs are given it as `FLOWRUN_IDEMPOTENCY_KEY`. This
follows tasks and the threads that flowrun runs tools in.
"""

KEY_PARAMETER = "idempotency_key"
"""A parameter of this name is filled in by flowrun; it is no argument, and no model can set it."""
