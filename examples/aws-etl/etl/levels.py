"""What a file of a gauge says. Nothing here needs a database."""

import csv
from datetime import datetime


def readings(lines):
    """The good readings of a file, and why the others are none."""
    good, bad = {}, []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            at = datetime.fromisoformat(row["at"])
            centimetres = float(row["cm"])
        except (KeyError, TypeError, ValueError) as error:
            bad.append(f"line {number}: {error}")
            continue
        if not row["gauge"] or not 0 <= centimetres < 2000:
            bad.append(f"line {number}: {row['gauge'] or 'no gauge'} at {row['cm']} cm")
            continue
        # The last one counts: gauges correct themselves.
        good[row["gauge"], at] = centimetres
    return [(gauge, at, cm) for (gauge, at), cm in good.items()], bad
