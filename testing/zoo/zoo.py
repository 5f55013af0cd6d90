"""Converts every model of torchvision and checks each conversion by running it.

    bazel run //testing/zoo -- [--models=resnet18,vit_b_16] [--table=PATH.md]

For each model: it converts from Python without a placeholder or an unexplained
warning; both formats read back as the same model; and the evaluator returns what
the model returned, bit for bit. Each model runs in a process of its own. The exit
status is 0 if all is well.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

# Beginnings of names, with a word of the problem that these models may have, and
# why. Nothing else may differ.
EXCEPTIONS = {
    "maskrcnn": ("baked-value", "pastes masks at boxes that it reads as numbers"),
}

# The families of torchvision and what their models take, by the longest beginning
# of the name that fits.
_IMAGE = (1, 3, 224, 224)
_INPUTS = {
    "": lambda torch: (torch.rand(_IMAGE),),
    "inception_v3": lambda torch: (torch.rand(1, 3, 299, 299),),
    "quantized_inception_v3": lambda torch: (torch.rand(1, 3, 299, 299),),
    "maskrcnn": lambda torch: ([torch.rand(3, 224, 224)],),
    "fasterrcnn": lambda torch: ([torch.rand(3, 224, 224)],),
    "keypointrcnn": lambda torch: ([torch.rand(3, 224, 224)],),
    "retinanet": lambda torch: ([torch.rand(3, 224, 224)],),
    "fcos": lambda torch: ([torch.rand(3, 224, 224)],),
    "ssd": lambda torch: ([torch.rand(3, 224, 224)],),
    "raft": lambda torch: (torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128)),
    "r3d": lambda torch: (torch.rand(1, 3, 8, 112, 112),),
    "mc3": lambda torch: (torch.rand(1, 3, 8, 112, 112),),
    "r2plus1d": lambda torch: (torch.rand(1, 3, 8, 112, 112),),
    "s3d": lambda torch: (torch.rand(1, 3, 14, 224, 224),),
    "mvit": lambda torch: (torch.rand(1, 3, 16, 224, 224),),
    "swin3d": lambda torch: (torch.rand(1, 3, 8, 112, 112),),
}


def inputs_of(name, torch):
    prefix = max((p for p in _INPUTS if name.startswith(p)), key=len)
    return _INPUTS[prefix](torch)


def make_model(name, torch, torchvision):
    torch.manual_seed(0)
    options = {"weights": None}
    builder = torchvision.models.get_model_builder(name)
    if name.startswith("quantized_"):
        options["quantize"] = True
    if any(word in name for word in ("rcnn", "fcos", "retinanet", "ssd", "fcn",
                                     "deeplab", "lraspp")):
        options["weights_backbone"] = None
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    model = builder(**options).eval()
    # Trained models differ from channel to channel; an even one hides mistakes.
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model


def _tensors(value, torch):
    """The tensors of a result, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _tensors(item, torch)]
    return []


def _same(expected, actual, torch):
    if expected.is_quantized:
        expected, actual = expected.int_repr(), actual.int_repr()
    return (expected.dtype == actual.dtype and expected.shape == actual.shape
            and torch.equal(torch.nan_to_num(expected), torch.nan_to_num(actual)))


def check(name):
    """Converts one model. Returns a row of the table; `problems` is empty if well."""
    warnings.filterwarnings("ignore")
    import torch
    import torchvision

    import flextorchir

    model = make_model(name, torch, torchvision)
    inputs = inputs_of(name, torch)
    problems = []
    with torch.no_grad():
        model(*inputs)
        start = time.perf_counter()
        expected = model(*inputs)
        plain = time.perf_counter() - start
        start = time.perf_counter()
        conv = flextorchir.convert(model, inputs)
        whole = time.perf_counter() - start
    report = conv.report
    for placeholder in report["placeholders"]:
        problems.append(f"{placeholder['count']} x {placeholder['target']} "
                        f"{placeholder.get('reason', '')}".strip())
    seen = set()
    for warning in report["warnings"]:
        if warning["severity"] == "info" or warning["code"] in seen:
            continue
        seen.add(warning["code"])
        problems.append(f"{warning['code']}: {warning['message']} "
                        f"({warning['module_path']} {warning['source']})")
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
            try:
                actual = flextorchir.load(path).run(*inputs)
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
        "convert_ms": whole * 1e3,
        "protobuf": sizes["protobuf"],
        "flatbuffers": sizes["flatbuffers"],
        "problems": problems,
    }


def run_one(name, timeout):
    """`check` in a process of its own, which may crash."""
    try:
        done = subprocess.run(
            [sys.executable, os.path.abspath(__file__), "--one", name],
            capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"model": name, "problems": [f"not done after {timeout} s"]}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            return json.loads(line)
    tail = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return {"model": name,
            "problems": [f"exit status {done.returncode}: {tail}"]}


def explained(name, problem):
    return any(name.startswith(prefix) and word in problem
               for prefix, (word, _) in EXCEPTIONS.items())


def table(rows, versions):
    lines = [
        "<!-- Made by `bazel run //testing/zoo -- --table=docs/zoo.md`. Do not edit. -->",
        "# torchvision's models",
        "",
        f"Every model of torchvision, converted from Python with random weights "
        f"({versions}). *Verified*: both formats read back as the same model, and the "
        "evaluator returned the model's own bits. *Capture* is the model's run under "
        "the recorder, beside its plain run just before; single runs on a shared "
        "machine.",
        "",
        "| model | layers | parameters | plain ms | capture ms | .ftpb KB | .ftfb KB | verified |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        problems = row["problems"]
        if "layers" not in row:
            lines.append(f"| {row['model']} | | | | | | | {'; '.join(problems)} |")
            continue
        left = [p for p in problems if not explained(row["model"], p)]
        verdict = "; ".join(left)[:200].replace("|", "/") or "yes"
        reasons = {reason for prefix, (_, reason) in EXCEPTIONS.items()
                   if problems and not left and row["model"].startswith(prefix)}
        verdict += "".join(f"; warns that it {reason}" for reason in reasons)
        lines.append(
            f"| {row['model']} | {row['layers']:,} | {row['parameters']:,} "
            f"| {row['plain_ms']:,.0f} | {row['capture_ms']:,.0f} "
            f"| {row['protobuf'] / 1e3:,.0f} | {row['flatbuffers'] / 1e3:,.0f} "
            f"| {verdict} |")
    good = sum(all(explained(row["model"], p) for p in row["problems"])
               for row in rows)
    lines += ["", f"{good} of {len(rows)} models are verified."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", help="comma-separated; all without")
    parser.add_argument("--table", help="write the table, as Markdown")
    parser.add_argument("--timeout", type=int, default=900, help="seconds a model")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(check(arguments.one)))
        return 0
    import torch
    import torchvision

    names = (arguments.models.split(",") if arguments.models
             else torchvision.models.list_models())
    rows, bad = [], 0
    for number, name in enumerate(names, start=1):
        row = run_one(name, arguments.timeout)
        rows.append(row)
        left = [p for p in row["problems"] if not explained(name, p)]
        bad += bool(left)
        verdict = "well" if not left else "; ".join(left)
        print(f"[{number}/{len(names)}] {name}: {verdict}", flush=True)
    if arguments.table:
        path = os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", ""),
                            arguments.table)
        with open(path, "w", encoding="utf-8") as file:
            file.write(table(rows, f"torch {torch.__version__}, torchvision "
                                   f"{torchvision.__version__}"))
    print(f"{len(names) - bad} of {len(names)} models are well")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
