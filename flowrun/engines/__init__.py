"""Durable execution: what remembers effects and enters runs again."""
