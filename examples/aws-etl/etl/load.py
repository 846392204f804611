"""Loads what the gauges wrote. A second run of the same files changes nothing."""

import os
import pathlib
import sys

from database import connect
from levels import readings

TABLE = """CREATE TABLE IF NOT EXISTS level
    (gauge text, at timestamp, cm double precision NOT NULL, PRIMARY KEY (gauge, at))"""
INSERT = """INSERT INTO level VALUES (%s, %s, %s)
    ON CONFLICT (gauge, at) DO UPDATE SET cm = excluded.cm WHERE level.cm <> excluded.cm"""


def main():
    files = sorted(pathlib.Path(os.environ["RAW_FOLDER"]).glob("*.csv"))
    if not files:
        sys.exit(f"no file in {os.environ['RAW_FOLDER']}")
    with connect() as database, database.cursor() as cursor:
        cursor.execute(TABLE)
        for file in files:
            with file.open(encoding="utf-8") as lines:
                good, bad = readings(lines)
            changed = 0
            for reading in good:
                cursor.execute(INSERT, reading)
                changed += cursor.rowcount
            print(f"{file.name}: {len(good)} readings, {changed} new, {len(bad)} refused")
            for why in bad:
                print(f"{file.name}: refused: {why}")


main()
