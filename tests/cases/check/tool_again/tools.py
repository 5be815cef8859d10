def mutters() -> bool:
    """Tell whether it happened."""
    return True
