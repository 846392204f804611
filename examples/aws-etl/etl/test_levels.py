import unittest

from levels import readings

HEAD = "gauge,at,cm\n"


class Readings(unittest.TestCase):
    def test_the_last_reading_of_a_moment_counts(self):
        good, bad = readings([HEAD, "Pont,2026-01-01T00:00,120\n", "Pont,2026-01-01T00:00,121.5\n"])
        self.assertEqual([cm for _, _, cm in good], [121.5])
        self.assertEqual(bad, [])

    def test_what_is_no_reading_is_told_with_its_line(self):
        good, bad = readings([HEAD, "Pont,yesterday,120\n", ",2026-01-01T00:00,1\n", "Pont,2026-01-01T00:00,-4\n"])
        self.assertEqual(good, [])
        self.assertEqual([text.split(":")[0] for text in bad], ["line 2", "line 3", "line 4"])


if __name__ == "__main__":
    unittest.main()
