"""Protocols that the interpreter and the entry points are written against; nothing here acts."""
