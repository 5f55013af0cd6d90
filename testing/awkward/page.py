"""docs/awkward-models.md, from what happened to each model."""

_HEAD = """# Awkward models

Models that are hard to convert, and what happens to each. The page is written by
a run of them all (`bazel run //testing/awkward:update_page`), and
`//testing/awkward:awkward_models_test` holds it to that: no result may differ
from the model's unless a row of the report says where.

- **same bits**: the graph computes what the model does, bit for bit, on the
  inputs of its own run and on others, and there is nothing to report.
- **told**: the report has these rows ([report.md](report.md)), with the module
  and the line. Where the graph's result on other inputs differs from the
  model's, or it cannot be run, that is said too.
- **refused**: the conversion fails, with a message that says why.

Where an operator is a placeholder, it has its name, its arguments and its place,
and the evaluator runs it as long as its library is loaded.
"""


def _result(outcome):
    if outcome.error:
        return "refused"
    if not outcome.codes:
        return "same bits"
    told = "told: " + ", ".join(f"`{code}`" for code in outcome.codes)
    if "does not run" in outcome.differs:
        return told + "; cannot be run"
    if outcome.differs:
        return told + "; differs"
    return told + ("; differs on others" if outcome.differs_on_fresh else "")


def _says(case, outcome):
    says = case.says
    if outcome.placeholders:
        names = ", ".join(f"`{name}`" for name in outcome.placeholders)
        says += f" (placeholder: {names})"
    return says


def markdown(chapters):
    """The page.

    Args:
      chapters: a list of (title, [(case, outcome), ...]).
    """
    lines = [_HEAD]
    for title, rows in chapters:
        lines.append(f"## {title}\n")
        lines.append("| model | result | what happens |")
        lines.append("|---|---|---|")
        for case, outcome in rows:
            lines.append(f"| {case.name} | {_result(outcome)} | "
                         f"{_says(case, outcome)} |")
        lines.append("")
    return "\n".join(lines)
