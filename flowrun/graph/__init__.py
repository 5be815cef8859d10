"""Who waits for whom, and why; the checks that need the whole flow."""
