"""A death inside the process: nothing may catch it, nothing is written after it."""


class Died(BaseException):
    """Stands for SIGKILL where a test wants to stay in one process."""
