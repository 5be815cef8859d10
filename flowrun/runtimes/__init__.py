"""Adapters that make a place where assistants live look like the port."""
