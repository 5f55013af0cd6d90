#!/usr/bin/env python3
"""Checks that sources include only what their layer may see.

    tools/check_layering.py [FILE...]     all C++ files under version control

The dependency graph is checked by //testing/layering; this looks at the includes
themselves, because the headers of system libraries are visible to the compiler
whether or not a target depends on them. Part of tools/presubmit.sh.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

TORCH = ("ATen/", "c10/", "caffe2/", "torch/")
PYTHON = ("Python.h", "pybind11/")
PROTOBUF = ("google/protobuf/",)
FLATBUFFERS = ("flatbuffers/",)
JSON = ("nlohmann/",)
HASH = ("xxhash.h",)
GRAPH_LAYOUT = ("graphviz/",)

# What some layers may see and others may not; all other headers are free.
GUARDED = TORCH + PYTHON + PROTOBUF + FLATBUFFERS + JSON + HASH + GRAPH_LAYOUT

# The longest prefix of a file's path counts: the packages of ours, and the
# guarded headers, that it may include.
LAYERS = {
    "ir/": (["ir"], ()),
    "ir/weights_file": (["ir"], JSON + HASH),
    "ir/proto/": (["ir", "ir/proto"], PROTOBUF),
    "ir/flatbuffers/": (["ir", "ir/flatbuffers"], FLATBUFFERS),
    "torch_bridge/": (["ir", "torch_bridge"], TORCH),
    "evaluator/": (["ir", "torch_bridge", "evaluator"], TORCH),
    "converter/": (["ir", "torch_bridge", "evaluator", "converter"],
                   TORCH + JSON),
    "testing/format_conformance": (["ir", "testing"], ()),
    "testing/sample_models": (["ir", "testing"], ()),
    "testing/": (["*"], TORCH + JSON),
    "tools/": (["*"], TORCH + JSON),
    "python/": (["*"], TORCH + PYTHON + JSON),
    "benchmarks/": (["*"], TORCH),
    "docs/": (["ir"], ()),
    "examples/": (["*"], TORCH + PROTOBUF),
}
# Tests of a layer may look further: at the reference IRs, at models that run.
TESTS = re.compile(r"_test(_[a-z]+)?\.(cc|h)$")
# What only its own folder may see, whoever asks.
PRIVATE = {"ir/proto": PROTOBUF, "ir/flatbuffers": FLATBUFFERS}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def layer_of(path):
    found = [prefix for prefix in LAYERS if path.startswith(prefix)]
    return max(found, key=len) if found else None


def package_of(include):
    """The package of one of our headers, its two levels apart where they count."""
    path = include[len("flextorchir/"):]
    for package in PRIVATE:
        if path.startswith(package + "/"):
            return package
    return path.split("/")[0]


def problems_of(path, lines):
    layer = layer_of(path)
    if layer is None:
        return [f"{path}: in no known layer; add its folder to LAYERS"]
    packages, guarded = LAYERS[layer]
    is_test = bool(TESTS.search(path))
    problems = []
    for number, line in enumerate(lines, start=1):
        match = INCLUDE.match(line)
        if not match:
            continue
        include = match[1]
        if include.startswith("flextorchir/"):
            package = package_of(include)
            if "*" in packages or package in packages:
                continue
            # A test may use what is above it; in ir/, which never sees
            # LibTorch, only what testing/ has for formats.
            if is_test and (package == "testing" or
                            not layer.startswith("ir/")):
                continue
        elif not include.startswith(GUARDED) or include.startswith(guarded):
            continue
        problems.append(f"{path}:{number}: {layer} must not include {include}")
    return problems


def main():
    names = sys.argv[1:] or subprocess.run(
        ["git", "ls-files", "*.h", "*.cc", "--cached", "--others",
         "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()
    problems = []
    for name in names:
        path = ROOT / name
        if path.suffix in (".h", ".cc") and path.is_file():
            problems += problems_of(
                name, path.read_text(encoding="utf-8").splitlines())
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
