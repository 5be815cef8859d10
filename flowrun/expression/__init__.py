"""Templates: compile, evaluate, and list what they refer to. Knows no flow."""
