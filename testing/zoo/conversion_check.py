"""Converts the models of a library and checks each conversion by running it.

What zoo.py (torchvision) and other_libraries.py (timm, transformers) share. A model
is well if it converts from Python without a placeholder or an unexplained warning,
both formats read back as the same model, and the evaluator returns what the model
returned, bit for bit.

Each model runs in a process of its own, forked from one that has imported the
library, so that a crash is one model's and memory is given back. With --results a
run may be done in pieces: a model that is well in that file is not run again, and
the table is made of the file's rows.
"""

import argparse
import copy
import dataclasses
import json
import multiprocessing
import os
import sys
import tempfile
import time
import warnings


@dataclasses.dataclass
class Library:
    """The models of a library, and how its table is introduced.

    Attributes:
      command: that makes the table.
      title, introduction: of the table's page.
      names: of the models that are run without --models.
      make: name -> (model, args, kwargs): in evaluation mode, and what to call it
        with. Runs in the model's process.
      exceptions: (the beginning of a model's name, words of a problem that such
        models may have, what they do), each. Nothing else may differ.
    """
    command: str
    title: str
    introduction: str
    names: list
    make: object
    exceptions: list


def _tensors(value, torch):
    """The tensors of a result, in order, also of objects (caches) in it."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    elif not isinstance(value, (list, tuple, type)):
        value = list(getattr(value, "__dict__", {}).values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _tensors(item, torch)]
    return []


def _same(expected, actual, torch):
    if expected.is_quantized:
        expected, actual = expected.int_repr(), actual.int_repr()
    return (expected.dtype == actual.dtype and expected.shape == actual.shape
            and torch.equal(torch.nan_to_num(expected), torch.nan_to_num(actual)))


def _report_problems(report):
    for placeholder in report["placeholders"]:
        yield (f"{placeholder['count']} x {placeholder['target']} "
               f"{placeholder.get('reason', '')}").strip()
    seen = set()
    for warning in report["warnings"]:
        place = (warning["code"], warning["source"])
        if warning["severity"] == "info" or place in seen:
            continue
        seen.add(place)
        yield (f"{warning['code']}: {warning['message']} "
               f"({warning['module_path']} {warning['source']})")


def check(name, model, args, kwargs):
    """Converts one model. Returns a row of the table; `problems` is empty if well."""
    warnings.filterwarnings("ignore")
    import torch

    import flextorchir

    # One fused operator, of other bits than those that are recorded instead of it.
    torch.backends.mha.set_fastpath_enabled(False)
    with torch.no_grad():
        model(*copy.deepcopy(args), **copy.deepcopy(kwargs))
        own = copy.deepcopy((args, kwargs))  # a model may change a cache
        torch.manual_seed(0)
        start = time.perf_counter()
        expected = model(*own[0], **own[1])
        plain = time.perf_counter() - start
        start = time.perf_counter()
        conv = flextorchir.convert(model, args, kwargs)
        whole = time.perf_counter() - start
    report = conv.report
    problems = list(_report_problems(report))
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        for format, extension in (("protobuf", "ftpb"), ("flatbuffers", "ftfb")):
            prefix = os.path.join(folder, format)
            conv.save(prefix, format=format)
            path = f"{prefix}.{extension}"
            sizes[format] = os.path.getsize(path)
            if flextorchir.load(path).text != conv.text:
                problems.append(f"{format} reads back as another model")
            weights = f"{prefix}.safetensors"
            if format == "protobuf" and os.path.exists(weights):
                os.remove(weights)
        with torch.no_grad():
            torch.manual_seed(0)
            try:
                actual = flextorchir.load(path).run(*args, **kwargs)
            except flextorchir.Error as error:
                problems.append(f"does not run: {error}")
                actual = None
    if actual is not None:
        one, other = _tensors(expected, torch), _tensors(actual, torch)
        if len(one) != len(other):
            problems.append(f"{len(other)} results instead of {len(one)}")
        for i, (a, b) in enumerate(zip(one, other)):
            if not _same(a, b, torch):
                problems.append(f"result {i} differs")
    return {
        "model": name,
        "layers": report["layers"],
        "parameters": report["parameters"],
        "plain_ms": plain * 1e3,
        "capture_ms": report["timing"]["capture"] * 1e3,
        "threads": torch.get_num_threads(),
        "convert_ms": whole * 1e3,
        "protobuf": sizes["protobuf"],
        "flatbuffers": sizes["flatbuffers"],
        "problems": problems,
    }


def _child(library, name, results):
    try:
        row = check(name, *library.make(name))
    except Exception as error:  # pylint: disable=broad-except
        # A model that does not run, too, is a row of the table.
        row = {"model": name, "problems": [f"{type(error).__name__}: {error}"]}
    results.send(row)


def _run_one(library, name, timeout):
    """`check` in a process of its own, which may crash."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(library, name, sender))
    process.start()
    sender.close()
    problem = f"not done after {timeout} s"
    try:
        if receiver.poll(timeout):
            return receiver.recv()
    except EOFError:
        process.join()
        problem = f"exit status {process.exitcode}"
    finally:
        process.kill()
        process.join()
    return {"model": name, "problems": [problem]}


def _explanations(library, row, problem):
    return [reason for prefix, words, reason in library.exceptions
            if row["model"].startswith(prefix) and words in problem]


def _unexplained(library, row):
    return [problem for problem in row["problems"]
            if not _explanations(library, row, problem)]


def _read_rows(path):
    """The rows of a results file by model; a later one replaces an earlier one."""
    if not path or not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.endswith("\n")]
    return {row["model"]: row for row in rows}


def _table(library, rows, versions):
    threads = sorted({row["threads"] for row in rows if "threads" in row})
    lines = [
        f"<!-- Made by `{library.command}`. Do not edit. -->",
        f"# {library.title}",
        "",
        f"{library.introduction} ({versions}). *Verified*: no placeholder, no "
        "warning but those named here, both formats read back as the same model, and the evaluator "
        "returned the model's own bits. *Capture* is the model's run under the "
        "recorder, beside its plain run just before; single runs on a shared "
        f"machine, threads: {', '.join(map(str, threads))}.",
        "",
        "| model | layers | parameters | plain ms | capture ms | .ftpb KB | .ftfb KB | verified |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        left = _unexplained(library, row)
        verdict = "; ".join(left)[:200].replace("|", "/").replace("\n", " ") or "yes"
        if not left:
            reasons = [reason for problem in row["problems"]
                       for reason in _explanations(library, row, problem)]
            verdict += "".join(f"; warns that it {reason}"
                               for reason in dict.fromkeys(reasons))
        if "layers" not in row:
            lines.append(f"| {row['model']} | | | | | | | {verdict} |")
            continue
        lines.append(
            f"| {row['model']} | {row['layers']:,} | {row['parameters']:,} "
            f"| {row['plain_ms']:,.0f} | {row['capture_ms']:,.0f} "
            f"| {row['protobuf'] / 1e3:,.0f} | {row['flatbuffers'] / 1e3:,.0f} "
            f"| {verdict} |")
    good = sum(not _unexplained(library, row) for row in rows)
    lines += ["", f"{good} of {len(rows)} models are verified."]
    return "\n".join(lines) + "\n"


def _callers(path):
    """Relative to where the caller is: `bazel run` starts programs elsewhere."""
    return path and os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", ""), path)


def main(libraries):
    """The command line.

    Args:
      libraries: name -> a function that imports the library and returns its
        `Library` and its versions, as text. The first is the default.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    if len(libraries) > 1:
        parser.add_argument("--library", choices=list(libraries),
                            default=next(iter(libraries)))
    parser.add_argument("--models", help="comma-separated; all of the table without")
    parser.add_argument(
        "--results", metavar="PATH.jsonl",
        help="keep each model's row in this file, and do not run a model again that "
        "is well there")
    parser.add_argument("--again", action="store_true",
                        help="run these models again all the same")
    parser.add_argument("--table", metavar="PATH.md", help="write the table")
    parser.add_argument("--timeout", type=int, default=900, help="seconds a model")
    arguments = parser.parse_args()
    name = getattr(arguments, "library", next(iter(libraries)))
    library, versions = libraries[name]()
    names = arguments.models.split(",") if arguments.models else library.names
    results = _callers(arguments.results)
    rows, bad = _read_rows(results), 0
    for number, name in enumerate(names, start=1):
        known = rows.get(name)
        if arguments.again or not known or _unexplained(library, known):
            rows[name] = _run_one(library, name, arguments.timeout)
            if results:
                with open(results, "a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[name]) + "\n")
        left = _unexplained(library, rows[name])
        bad += bool(left)
        verdict = "well" if not left else "; ".join(left)
        print(f"[{number}/{len(names)}] {name}: {verdict}", flush=True)
    if arguments.table:
        with open(_callers(arguments.table), "w", encoding="utf-8") as file:
            file.write(_table(library, [rows[name] for name in names], versions))
    print(f"{len(names) - bad} of {len(names)} models are well")
    return 1 if bad else 0
