"""`python -m flowrun` is `flowrun`."""

from flowrun.cli.main import run

run()
