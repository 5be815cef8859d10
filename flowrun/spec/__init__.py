"""What the author declared: the models of the language, and how a YAML tree becomes one."""
