"""Talking to model endpoints: the chat and responses wires, and the scripted model."""
