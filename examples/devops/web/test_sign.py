import unittest

from sign import lines, well


class Test(unittest.TestCase):
    def test_the_nearest_comes_first(self):
        self.assertEqual(lines("Ways\n", {"bridge": 12, "mill": 3}), ["Ways", "mill 3 km", "bridge 12 km"])

    def test_a_signpost_without_ways_is_none(self):
        self.assertFalse(well({}))
        self.assertTrue(well({"mill": 3}))
