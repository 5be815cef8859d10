"""Use cases and the wiring of adapters; knows no terminal."""
