"""Running Python functions and programs as tools."""
