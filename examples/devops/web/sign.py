"""What stands on the signpost."""

WAYS = {"mill": 3, "bridge": 12}


def well(ways):
    """A way to nowhere is none."""
    return bool(ways) and all(far > 0 for far in ways.values())


def lines(title, ways):
    return [title.strip()] + [f"{name} {far} km" for name, far in sorted(ways.items(), key=lambda way: way[1])]
