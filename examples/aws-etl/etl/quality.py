"""Is what is in the database whole? Ends with 1 when it is not."""

import sys

from database import connect

QUESTIONS = {
    "gauges without a reading on the last day": """SELECT count(*) FROM
        (SELECT gauge FROM level GROUP BY gauge HAVING max(at) < (SELECT max(at) FROM level) - interval '1 day') late""",
    "levels that no river has": "SELECT count(*) FROM level WHERE cm < 0 OR cm >= 2000",
}


def main():
    with connect() as database, database.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT gauge) FROM level")
        count, gauges = cursor.fetchone()
        wrong = [] if count else ["no readings"]
        for what, question in QUESTIONS.items():
            cursor.execute(question)
            (found,) = cursor.fetchone()
            if found:
                wrong.append(f"{found} {what}")
    if wrong:
        sys.exit("not well: " + ", ".join(wrong))
    print(f"well: {count} readings of {gauges} gauges")


main()
