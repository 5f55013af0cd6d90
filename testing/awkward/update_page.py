"""Writes docs/awkward-models.md:

    bazel run //testing/awkward:update_page
"""

import os
import sys

from testing.awkward import cases
from testing.awkward import page
from testing.awkward import run


def main():
    # Set by `bazel run`, which starts programs in a folder of its own.
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        print("update_page: run it with `bazel run //testing/awkward:update_page`",
              file=sys.stderr)
        return 1
    chapters = [(title, [(case, run.run(case)) for case in chapter])
                for title, chapter in cases.CHAPTERS]
    path = os.path.join(workspace, "docs", "awkward-models.md")
    with open(path, "w", encoding="utf-8") as out:
        out.write(page.markdown(chapters))
    print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
