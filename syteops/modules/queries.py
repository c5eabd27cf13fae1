def inactive_slugs() -> set[str]:
    return set()
