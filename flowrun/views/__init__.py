"""Ways of showing facts; they act on nothing."""
