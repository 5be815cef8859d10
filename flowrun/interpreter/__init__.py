"""Plain async code that carries out a plan over the ports; it has never heard of YAML."""
