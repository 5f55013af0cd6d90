"""Counts test targets in a file of Bazel's build events (JSON, one a line).

Usage: count_tests.py EVENTS_FILE BAZEL_EXIT_STATUS

Prints "PASSED FAILED SKIPPED". A test that did not build, or did not run, has
failed. So has one test more if Bazel failed and no test says why.
"""

import json
import sys

# Bazel's exit status when the build is well and there are no tests.
_NO_TESTS = 4


def count(lines, status):
    """Returns (passed, failed, skipped)."""
    targets = set()
    statuses = {}
    skipped_targets = set()
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # The last line of a Bazel that was killed.
            continue
        ids = event.get("id", {})
        if "targetConfigured" in ids:
            kind = event.get("configured", {}).get("targetKind", "")
            if kind.endswith("_test rule"):
                targets.add(ids["targetConfigured"]["label"])
        elif "testSummary" in ids:
            statuses[ids["testSummary"]["label"]] = event.get(
                "testSummary", {}).get("overallStatus", "NO_STATUS")
        elif event.get("aborted", {}).get("reason") == "SKIPPED":
            label = ids.get("targetCompleted", {}).get("label")
            if label:
                skipped_targets.add(label)

    targets |= statuses.keys()
    skipped = targets & skipped_targets
    passed = {
        target
        for target in targets - skipped
        if statuses.get(target) in ("PASSED", "FLAKY")
    }
    failed = len(targets - skipped - passed)
    if status not in (0, _NO_TESTS) and not failed:
        failed = 1
    return len(passed), failed, len(skipped)


def main():
    path, status = sys.argv[1], int(sys.argv[2])
    try:
        with open(path, encoding="utf-8") as events:
            print(*count(events, status))
    except FileNotFoundError:
        print(*count([], status))


if __name__ == "__main__":
    main()
