"""Holds every awkward model to what its case says, and the page to them all."""

import unittest

from testing.awkward import cases
from testing.awkward import page
from testing.awkward import run


class AwkwardModelsTest(unittest.TestCase):

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chapters = [(title, [(case, run.run(case)) for case in chapter])
                        for title, chapter in cases.CHAPTERS]

    def outcomes(self):
        for _, chapter in self.chapters:
            for case, outcome in chapter:
                with self.subTest(case.name):
                    yield case, outcome

    def test_nothing_is_silently_wrong(self):
        for _, outcome in self.outcomes():
            self.assertEqual("", run.silently_wrong(outcome))

    def test_each_is_as_its_case_says(self):
        for case, outcome in self.outcomes():
            self.assertEqual("", run.unexpected(case, outcome), outcome.rows)

    def test_what_is_told_names_the_place(self):
        for case, outcome in self.outcomes():
            if case.rows and not case.without_place:
                self.assertTrue(
                    any(row.module_path or row.source for row in outcome.rows
                        if row.severity != "info"), outcome.rows)

    def test_names_are_unique(self):
        names = [case.name for case, _ in self.outcomes()]
        self.assertEqual(len(names), len(set(names)))

    def test_the_page_is_up_to_date(self):
        with open("docs/awkward-models.md", encoding="utf-8") as text:
            self.assertEqual(
                page.markdown(self.chapters), text.read(),
                "run `bazel run //testing/awkward:update_page`")

    def test_the_check_itself_finds_what_nobody_told(self):
        silently = run.silently_wrong
        told = run.Row("baked-value", "warning", "", "", "")
        wrong = run.Row("unseen-write", "error", "", "", "")
        info = run.Row("baked-input", "info", "", "", "")
        self.assertTrue(silently(run.Outcome(differs="x")))
        self.assertTrue(silently(run.Outcome(differs="x", rows=[told])))
        self.assertFalse(silently(run.Outcome(differs="x", rows=[wrong])))
        self.assertTrue(
            silently(run.Outcome(differs_on_fresh="x", rows=[info])))
        self.assertFalse(
            silently(run.Outcome(differs_on_fresh="x", rows=[told])))


if __name__ == "__main__":
    unittest.main()
