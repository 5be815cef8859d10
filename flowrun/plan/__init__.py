"""The execution plan: frozen, canonical, enough to run."""
