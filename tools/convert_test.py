"""Tests convert, inspect and verify as a user meets them: through the programs."""

import json
import os
import pathlib
import pty
import re
import resource
import shutil
import subprocess
import tempfile
import unittest
import warnings

import safetensors.torch
import torch

warnings.filterwarnings("ignore", category=DeprecationWarning)

PROGRAMS = pathlib.Path(os.environ["TEST_SRCDIR"]) / os.environ["TEST_WORKSPACE"] / "tools"


class Block(torch.nn.Module):

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.norm = torch.nn.BatchNorm2d(8)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x)))


class Net(torch.nn.Module):

    def __init__(self):
        super().__init__()
        self.block = Block()
        self.fc = torch.nn.Linear(8 * 8 * 8, 10)

    def forward(self, x):
        return self.fc(self.block(x).flatten(1))


class TwoInputs(torch.nn.Module):

    def forward(self, tokens, mask):
        return tokens * mask, (tokens + 1).float()


class ListInput(torch.nn.Module):

    def forward(self, xs: list[torch.Tensor]):
        return torch.cat(xs, 1), {"first": xs[0] + 1}


class DictInput(torch.nn.Module):

    def forward(self, xs: dict[str, torch.Tensor], mode: str):
        return xs["a"] + xs["b"] if mode == "add" else xs["a"] - xs["b"]


class Placeholders(torch.nn.Module):
    """Of operators that torch has for its own tests: no layer set has them."""

    def forward(self, x):
        return torch._test_functorch_fallback(x, x) + torch._test_serialization_subcmul(x, x)


class Sparse(torch.nn.Module):

    def forward(self, x):
        return x.to_sparse().to_dense() + x


class Draws(torch.nn.Module):

    def forward(self, x):
        return x + torch.rand_like(x)


class Baked(torch.nn.Module):
    """Takes the same branch on most inputs."""

    def forward(self, x):
        if bool(x.sum() > 0):
            return x + 1
        return x - 1


class Nested(torch.nn.Module):

    def __init__(self):
        super().__init__()
        self.inner = Net()

    def forward(self, x):
        return self.inner(x)


class Recurrent(torch.nn.Module):

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(4, 3)
        self.fc = torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(self.lstm(x)[0])


def quantized_net():
    """Net with integers for weights and activations."""
    engine = torch.backends.quantized.engine
    model = torch.ao.quantization.QuantWrapper(Net()).eval()
    block = model.module.block
    torch.ao.quantization.fuse_modules(block, [["conv", "norm"]], inplace=True)
    model.qconfig = torch.ao.quantization.get_default_qconfig(engine)
    torch.ao.quantization.prepare(model, inplace=True)
    model(torch.rand(1, 3, 16, 16))
    return torch.ao.quantization.convert(model, inplace=True)


def sizes_of(folder):
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


class ToolsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.models = pathlib.Path(tempfile.mkdtemp())
        torch.manual_seed(0)
        for module in (Net(), TwoInputs(), ListInput(), DictInput(), Placeholders(), Sparse(),
                       Draws(), Baked(), Nested()):
            name = type(module).__name__.lower()
            torch.jit.script(module.eval()).save(str(cls.models / f"{name}.pt"))
        torch.jit.trace(Net().eval(), torch.rand(1, 3, 16, 16)).save(
            str(cls.models / "traced.pt"))
        quantized = quantized_net()
        torch.jit.script(quantized).save(str(cls.models / "quantized.pt"))
        torch.jit.trace(quantized, torch.rand(1, 3, 16, 16)).save(
            str(cls.models / "quantized_traced.pt"))
        for dtype in (torch.qint8, torch.float16):
            torch.jit.script(
                torch.ao.quantization.quantize_dynamic(
                    Recurrent(), {torch.nn.LSTM, torch.nn.Linear}, dtype=dtype)).save(
                        str(cls.models / f"dynamic_{dtype}.pt"))
        torch.save(Net().state_dict(), cls.models / "state_dict.pt")
        (cls.models / "text.pt").write_text("This is no model.\n")
        (cls.models / "empty.pt").write_bytes(b"")
        whole = (cls.models / "net.pt").read_bytes()
        (cls.models / "truncated.pt").write_bytes(whole[:len(whole) // 2])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.models)

    def setUp(self):
        # The caller's directory.
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def run_tool(self, tool, *args, status=0, env=None, **kwargs):
        """Returns the finished process, which must have ended with `status`."""
        environment = {k: v for k, v in os.environ.items() if k != "BUILD_WORKING_DIRECTORY"}
        environment.update(env or {})
        result = subprocess.run([str(PROGRAMS / tool), *map(str, args)],
                                cwd=kwargs.pop("cwd", self.folder),
                                env=environment,
                                capture_output=True,
                                text=True,
                                check=False,
                                timeout=300,
                                **kwargs)
        self.assertEqual(result.returncode, status,
                         f"{tool} {args}\n{result.stdout}\n{result.stderr}")
        return result

    def convert(self, model, *args, status=0, tool="convert", **kwargs):
        return self.run_tool(tool, f"--model={self.models / model}.pt", *args, status=status,
                             **kwargs)

    def assert_refuses(self, result, *words):
        """The message is the program's own, and says all of `words`."""
        self.assertEqual(result.stdout, "")
        # There may be the log before it.
        self.assertRegex(result.stderr, r"(?m)^(convert|acme|inspect|verify): ")
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertNotIn("terminate called", result.stderr)
        self.assertNotIn("Exception raised from", result.stderr)  # torch's backtrace

    def assert_writes_nothing(self, *args, status=1, words=(), model="net", **kwargs):
        before = sizes_of(self.folder)
        result = self.convert(model, *args, status=status, **kwargs)
        self.assert_refuses(result, *words)
        self.assertEqual(sizes_of(self.folder), before)


class ConvertTest(ToolsTest):

    def test_converts(self):
        result = self.convert("net", "--inputs=1x3x16x16")
        self.assertEqual(set(sizes_of(self.folder)), {"net.ftpb", "net.ftfb", "net.safetensors"})
        lines = result.stderr.splitlines()
        self.assertIn("Conv2d  block.conv  C3 N8 K3x3 S2x2 P1 D1x1 G1  [1,8,8,8]", lines)
        self.assertIn("Linear  fc  C512 N10  [1,10]", lines)
        self.assertNotIn("\x1b", result.stderr)
        for name in sizes_of(self.folder):
            self.assertRegex(result.stdout, rf"wrote \S*{name} \([0-9.]+ (B|KiB)\)")
        weights = safetensors.torch.load_file(self.folder / "net.safetensors")
        state = torch.jit.load(str(self.models / "net.pt")).state_dict()
        self.assertTrue(torch.equal(weights["fc.weight"], state["fc.weight"]))

    def test_traced_model_gives_the_same_layers(self):
        result = self.convert("traced", "--inputs=1x3x16x16", "--verify")
        self.assertIn("Conv2d  block.conv  C3 N8 K3x3 S2x2 P1 D1x1 G1  [1,8,8,8]", result.stderr)

    def test_quantized_models(self):
        for model in ("quantized", "quantized_traced"):
            with self.subTest(model):
                result = self.convert(model, "--inputs=1x3x16x16", "--verify",
                                      "--fail_on_placeholder", "--report=r.json")
                self.assertRegex(
                    result.stderr, r"QuantizedConv2d  module\.block\.conv  "
                    r"C3 N8 K3x3 S2x2 P1 D1x1 G1 output_scale=\S+ .*qu8\[1,8,8,8\]")
                report = json.loads((self.folder / "r.json").read_text())
                self.assertEqual([], report["warnings"])
                self.assertEqual(3 * 8 * 9 + 8 + 512 * 10 + 10, report["parameters"])
                weights = safetensors.torch.load_file(self.folder / f"{model}.safetensors")
                self.assertEqual(weights["module.fc.weight"].dtype, torch.int8)
        for dtype in ("qint8", "float16"):
            with self.subTest(dtype):
                result = self.convert(f"dynamic_torch.{dtype}", "--inputs=5x2x4", "--verify",
                                      "--fail_on_placeholder")
                self.assertIn("DynamicQuantizedLSTM  lstm", result.stderr)

    def test_without_arguments_converts_resnet50(self):
        result = self.run_tool("convert", env={"BUILD_WORKING_DIRECTORY": str(self.folder)},
                               cwd=self.models)
        self.assertEqual(set(sizes_of(self.folder)),
                         {"resnet50.ftpb", "resnet50.ftfb", "resnet50.safetensors"})
        self.assertIn("Conv2d  layer1.0.conv1  C64 N64 K1x1 S1x1 P0 D1x1 G1  [1,64,56,56]",
                      result.stderr.splitlines())
        summary = self.run_tool("inspect", "resnet50.ftfb", "--summary").stdout
        self.assertRegex(summary, r"Conv2d +53\n")
        self.assertRegex(summary, r"parameters +25557032\n")

    def test_paths_are_the_callers(self):
        (self.folder / "sub").mkdir()
        shutil.copy(self.models / "net.pt", self.folder / "sub/m.pt")
        self.run_tool("convert", "--model=sub/m.pt", "--inputs=1x3x16x16", "--output=sub/out",
                      "--report=sub/report.json", "--format=text", cwd="/",
                      env={"BUILD_WORKING_DIRECTORY": str(self.folder)})
        self.assertEqual(set(sizes_of(self.folder / "sub")),
                         {"m.pt", "out.fttxt", "out.safetensors", "report.json"})

    def test_report_says_what_the_summary_says(self):
        self.convert("placeholders", "--inputs=4", "--report=r.json", status=1)
        result = self.convert("placeholders", "--inputs=4:f32", "--report=r.json")
        report = json.loads((self.folder / "r.json").read_text())
        self.assertEqual({p["target"]: p["count"] for p in report["placeholders"]},
                         {"aten::_test_functorch_fallback": 1,
                          "aten::_test_serialization_subcmul": 1})
        self.assertIn("aten::_test_functorch_fallback", result.stdout)
        self.assertEqual(report["layers"], 3)
        self.assertEqual(report["parameters"], 0)
        self.assertLessEqual({"load", "capture", "write"}, set(report["timing"]))
        self.assertEqual({os.path.basename(path) for path in report["files"]},
                         {"placeholders.ftpb", "placeholders.ftfb"})

    def test_fail_on_placeholder(self):
        result = self.convert("placeholders", "--inputs=4:f32", "--fail_on_placeholder",
                              "--report=r.json", status=2)
        self.assertIn("--fail_on_placeholder forbids: aten::_test_functorch_fallback, "
                      "aten::_test_serialization_subcmul", result.stderr)
        report = json.loads((self.folder / "r.json").read_text())
        self.assertEqual([w["code"] for w in report["warnings"] if w["severity"] == "error"],
                         ["placeholder"])
        self.assertIn("flextorchir.errors",
                      self.run_tool("inspect", "placeholders.ftfb", "--summary").stdout)
        self.convert("net", "--inputs=1x3x16x16", "--fail_on_placeholder")
        self.assertNotIn("flextorchir.errors",
                         self.run_tool("inspect", "net.ftfb", "--summary").stdout)

    def test_an_error_row_marks_the_files(self):
        result = self.convert("sparse", "--inputs=4x4", "--report=r.json", status=2)
        self.assertIn("converted, but not as demanded", result.stderr)
        report = json.loads((self.folder / "r.json").read_text())
        self.assertIn("error", [w["severity"] for w in report["warnings"]])
        for file in ("sparse.ftpb", "sparse.ftfb"):
            self.assertIn("flextorchir.errors",
                          self.run_tool("inspect", file, "--summary").stdout)

    def test_diagram(self):
        result = self.convert("placeholders", "--inputs=4:f32", "--diagram=d.dot")
        self.assertIn("wrote d.dot", result.stdout)
        self.assertIn("aten::_test_functorch_fallback", (self.folder / "d.dot").read_text())
        self.convert("net", "--inputs=1x3x16x16", "--diagram=d.dot", "--diagram_depth=1")
        self.assertIn("block  Block\\n3 layers", (self.folder / "d.dot").read_text())
        if shutil.which("dot"):
            self.run_tool("inspect", "net.ftfb", "--diagram=d.svg")
            self.assertIn("</svg>", (self.folder / "d.svg").read_text())

    def test_raw_layers(self):
        self.convert("net", "--inputs=1x3x16x16", "--layers=raw", "--format=text", "--verify")
        self.assertIn("aten::conv2d", (self.folder / "net.fttxt").read_text())

    def test_optimize(self):
        report = self.folder / "r.json"
        plain = self.convert("net", "--inputs=1x3x16x16", "--verify")
        self.assertIn("bit for bit", plain.stdout)
        self.assertNotIn("optimized", plain.stdout)
        run = self.convert("net", "--inputs=1x3x16x16", "--optimize", "--verify",
                           f"--report={report}")
        self.assertIn("fold_batch_norm 1", run.stdout)
        self.assertRegex(run.stdout, "verified: .* to within 0.001 of the largest")
        kinds = json.loads(report.read_text())["layers_by_kind"]
        self.assertEqual(1, kinds["Conv2d"])
        self.assertNotIn("BatchNorm2d", kinds)
        # Nothing is rounded by these, so nothing may differ.
        run = self.convert("net", "--inputs=1x3x16x16",
                           "--optimize=merge_reshapes,drop_no_ops", "--verify")
        self.assertIn("optimized: merge_reshapes 0, drop_no_ops 0", run.stdout)
        self.assertIn("bit for bit", run.stdout)
        run = self.convert("net", "--inputs=1x3x16x16", "--optimize=fold_batchnorm",
                           status=1)
        self.assertIn('--optimize: there is no pass called "fold_batchnorm"; there are',
                      run.stderr)

    def test_blackbox(self):
        self.convert("net", "--inputs=1x3x16x16", "--blackbox=block", "--format=text", "--verify",
                     "--report=r.json")
        report = json.loads((self.folder / "r.json").read_text())
        self.assertEqual(report["layers"], 3)
        self.assertNotIn("Conv2d", report["layers_by_kind"])

    def test_inline_weights(self):
        self.convert("net", "--inputs=1x3x16x16", "--weights=inline", "--verify")
        self.assertEqual(set(sizes_of(self.folder)), {"net.ftpb", "net.ftfb"})

    def test_formats_hold_the_same_model(self):
        self.convert("net", "--inputs=1x3x16x16", "--format=protobuf,flatbuffers,text", "--verify")
        texts = [self.run_tool("inspect", f"net.{extension}", "--weights_data").stdout
                 for extension in ("ftpb", "ftfb", "fttxt")]
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(texts[0], texts[2])
        (self.folder / "again.fttxt").write_text(texts[0])
        self.assertEqual(self.run_tool("inspect", "again.fttxt", "--weights_data").stdout,
                         texts[0])

    def test_two_runs_write_the_same_bytes(self):
        args = ("--inputs=1x3x16x16", "--format=protobuf,flatbuffers,text")
        self.convert("net", *args)
        first = sizes_of(self.folder)
        self.convert("net", *args)
        self.assertEqual(sizes_of(self.folder), first)

    def test_verify_follows_the_seed(self):
        result = self.convert("draws", "--inputs=8:f32", "--seed=7", "--verify")
        self.assertIn("1 output is the model's, bit for bit", result.stdout)

    def test_quiet(self):
        result = self.convert("net", "--inputs=1x3x16x16", "--quiet")
        self.assertEqual(result.stderr, "")
        self.assertIn("net.ftpb", result.stdout)

    def test_progress_on_a_terminal_only(self):
        main, worker = pty.openpty()
        subprocess.run([PROGRAMS / "convert", f"--model={self.models / 'net.pt'}",
                        "--inputs=1x3x16x16"], cwd=self.folder, check=True, stderr=worker,
                       stdout=subprocess.PIPE, timeout=300)
        os.close(worker)
        shown = b""
        while True:
            try:
                chunk = os.read(main, 65536)
            except OSError:  # The other end is closed.
                break
            if not chunk:
                break
            shown += chunk
        os.close(main)
        self.assertIn(b"layers", shown)
        self.assertIn(b"\x1b[K", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-80:])

    def test_inputs_from_a_file(self):
        x = torch.arange(4, dtype=torch.int64)
        safetensors.torch.save_file({"0": x, "mask": torch.ones(4, dtype=torch.int64)},
                                    self.folder / "in.safetensors")
        self.convert("twoinputs", "--inputs=@in.safetensors", "--verify")
        self.convert("twoinputs", "--inputs=4:i64<100,mask=4:bool", "--verify")

    def test_structured_inputs_and_outputs(self):
        self.convert("listinput", "--inputs=[2x3,2x4]", "--verify")
        summary = self.run_tool("inspect", "listinput.ftfb", "--summary").stdout
        self.assertIn("f32[2,4]  [0][1]", summary)
        self.assertIn('f32[2,3]  [1]["first"]', summary)

    def test_dict_and_text_inputs(self):
        self.convert("dictinput", "--inputs={b: 4:f32, a: 4:f32},mode='add'", "--format=text",
                     "--verify")
        text = (self.folder / "dictinput.fttxt").read_text()
        self.assertIn('= Add "add" (input=%xs.a, other=%xs.b)', text)

    def test_help(self):
        result = self.run_tool("convert", "--help")
        for word in ("Examples:", "Exit status:", "--inputs", "protobuf", "flatbuffers", ".ftfb",
                     "resnet50"):
            self.assertIn(word, result.stdout)
        page = (PROGRAMS.parent / "docs/command-line.md").read_text()
        for tool in ("convert", "inspect", "verify"):
            flags = re.findall(r"^  (--\w+)", self.run_tool(tool, "--help").stdout
                               .partition("\nFlags:\n")[2], re.MULTILINE)
            self.assertGreater(len(flags), 2)
            for flag in flags:
                self.assertIn(flag, page)
        self.assertIn("Exit status:", self.run_tool("inspect", "--help").stdout)
        self.assertIn("Exit status:", self.run_tool("verify", "-h").stdout)
        self.assertEqual(sizes_of(self.folder), {})


class BadInputTest(ToolsTest):
    """What is wrong is said, and nothing is written."""

    INPUTS = "--inputs=1x3x16x16"

    def test_files_that_are_no_model(self):
        for name, words in {
                "none": ["--model", "none.pt", "No such file"],
                "text": ["text.pt", "TorchScript"],
                "empty": ["empty.pt"],
                "truncated": ["truncated.pt"],
                "state_dict": ["state_dict.pt", "TorchScript"],
        }.items():
            with self.subTest(name):
                self.assert_writes_nothing(self.INPUTS, model=name, words=words)
        result = self.run_tool("convert", f"--model={self.models}", self.INPUTS, status=1)
        self.assert_refuses(result, "is a directory")
        result = self.run_tool("convert", "--model=package.module:callable", self.INPUTS, status=1)
        self.assert_refuses(result, "No module named 'package'")
        result = self.run_tool("convert", "--model=:callable", self.INPUTS, status=1)
        self.assert_refuses(result, "--model", ":callable")

    def test_inputs_that_do_not_fit(self):
        self.assert_writes_nothing(words=["--inputs is missing", "takes (x)",
                                          "--inputs=1x3x224x224"])
        self.assert_writes_nothing("--inputs=1x3x16x16,1x3x16x16", words=["x"])
        self.assert_writes_nothing("--inputs=()", words=["x"])
        self.assert_writes_nothing("--inputs=y=1x3x16x16",
                                   words=["x", "it was called with --inputs=y=1x3x16x16"])
        # The model's own error, with the path of the module.
        self.assert_writes_nothing("--inputs=1x4x16x16", words=["block.conv", "3 channels"])
        self.assert_writes_nothing("--inputs=1x3x18x16", words=["fc", "mat1"])
        self.assert_writes_nothing("--inputs=1x4x16x16", model="nested",
                                   words=["inner.block.conv"])
        self.assert_writes_nothing("--inputs=1x3x16x16:i64", words=["block.conv"])
        self.assert_writes_nothing("--inputs=@none.safetensors", words=["none.safetensors"])
        (self.folder / "bad.safetensors").write_bytes(b"\xff" * 100)
        self.assert_writes_nothing("--inputs=@bad.safetensors", words=["bad.safetensors"])
        self.assert_writes_nothing("--inputs=1000000x1000000x10", words=["memory"])
        self.assert_writes_nothing("--inputs=4:u8<257", words=["u8 cannot hold"])

    def test_flags(self):
        for flag, words in {
                "--inputs=1x3x": ["column 1", "1x3x"],
                "--seed=abc": ["--seed=abc", "whole number"],
                "--seed=-1": ["--seed=-1", "whole number"],
                "--format=onnx": ["onnx", "protobuf", "flatbuffers", "text"],
                "--format=text,text": ["text is given twice"],
                "--format=protobuf,": ["--format"],
                "--weights=somewhere": ["external or inline"],
                "--layers=all": ["standard or raw"],
                "--verify=maybe": ["true or false"],
                "--fail_on_placeholder=2": ["true or false"],
                "--quiet=very": ["true or false"],
                "--load_library=none.so": ["none.so", "No such file"],
                f"--load_library={self.models / 'text.pt'}": ["text.pt", "cannot be opened"],
                "--diagram=d.bmp": [".svg"],
                "--diagram_depth=-1": ["not negative"],
                "--fromat=text": ["did you mean --format?"],
                "--output": ["has no value"],
                "net.pt": ["--model=FILE"],
        }.items():
            with self.subTest(flag):
                inputs = () if flag.startswith("--inputs") else (self.INPUTS,)
                self.assert_writes_nothing(*inputs, flag, words=words)
        self.assert_writes_nothing(
            self.INPUTS, "--seed=1", "--seed=2", words=["given twice"])

    def test_outputs(self):
        for output, words in {
                "none/net": ["none", "create the directory"],
                "folder/": ["directory"],
                "/proc/net": ["/proc"],
        }.items():
            with self.subTest(output):
                self.assert_writes_nothing(self.INPUTS, f"--output={output}", words=words)
        self.assert_writes_nothing(self.INPUTS, "--report=none/r.json", words=["none"])
        (self.folder / "net.ftfb").mkdir()
        result = self.convert("net", self.INPUTS, status=1)
        self.assert_refuses(result, "net.ftfb", "it is a directory")
        self.assertEqual(os.listdir(self.folder), ["net.ftfb"])

    def test_output_that_may_not_be_written(self):
        folder = self.folder / "locked"
        folder.mkdir()
        folder.chmod(0o500)
        self.addCleanup(folder.chmod, 0o700)
        if os.access(folder, os.W_OK):
            # Root may write anywhere but where the file system says no.
            folder = next((f for f in ("/usr", "/sys") if not os.access(f, os.W_OK)), None)
            if folder is None:
                self.skipTest("root, and no read-only file system")
        result = self.convert("net", self.INPUTS, f"--output={folder}/net", status=1)
        self.assert_refuses(result, str(folder), "choose another directory")

    def test_output_that_is_an_input(self):
        model = self.folder / "x.ftfb"
        shutil.copy(self.models / "net.pt", model)
        before = sizes_of(self.folder)
        result = self.run_tool("convert", f"--model={model}", self.INPUTS, "--output=x", status=1)
        self.assert_refuses(result, "x.ftfb", "the same file is read")
        result = self.run_tool("convert", f"--model={model}", self.INPUTS, "--output=y",
                               "--report=./x.ftfb", status=1)
        self.assert_refuses(result, "the same file is read")
        result = self.run_tool("convert", f"--model={model}", self.INPUTS, "--output=y",
                               "--report=y.ftfb", status=1)
        self.assert_refuses(result, "the same file is written as well")
        self.assertEqual(sizes_of(self.folder), before)

    def test_full_disk(self):
        # A limit on the size of files stands for it: it needs no root.
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        (self.folder / "net.ftfb").write_text("an older file")
        before = sizes_of(self.folder)
        result = self.convert("net", self.INPUTS, "--report=r.json", status=1, preexec_fn=limit)
        self.assert_refuses(result, "net")
        self.assertEqual(sizes_of(self.folder), before)

    def test_report_that_is_not_whole(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

        result = self.convert("twoinputs", "--inputs=1:i64,1:i64", "--report=r.json", status=1,
                              preexec_fn=limit)
        self.assertIn("convert: ", result.stderr)
        self.assertNotIn("r.json", os.listdir(self.folder))


class InspectTest(ToolsTest):

    def test_lists_a_safetensors_file(self):
        safetensors.torch.save_file({"a": torch.zeros(2, 3), "b": torch.zeros(1).half()},
                                    self.folder / "w.safetensors")
        self.assertEqual(self.run_tool("inspect", "w.safetensors").stdout,
                         "w.safetensors: 2 tensors, 26 B\n  a  f32[2,3]\n  b  f16[1]\n")

    def test_needs_no_weights_file(self):
        self.convert("net", "--inputs=1x3x16x16")
        (self.folder / "net.safetensors").unlink()
        self.assertIn("Conv2d", self.run_tool("inspect", "net.ftpb").stdout)
        result = self.run_tool("inspect", "net.ftpb", "--weights_data", status=1)
        self.assert_refuses(result, "net.safetensors")

    def test_model_explorer(self):
        self.convert("placeholders", "--inputs=4:f32", "--format=text,protobuf",
                     "--model_explorer=converted.json")
        (self.folder / "placeholders.safetensors").unlink(missing_ok=True)
        result = self.run_tool("inspect", "placeholders.ftpb", "--model_explorer=net.json")
        self.assertEqual(result.stdout.split(),
                         ["wrote", "net.json", "wrote", "net.placeholders.json"])
        for name in ("net", "converted"):
            graph, = json.loads((self.folder / f"{name}.json").read_text())["graphs"]
            overlay = json.loads((self.folder / f"{name}.placeholders.json").read_text())
            nodes = {node["id"]: node for node in graph["nodes"]}
            self.assertEqual(len(nodes), len(graph["nodes"]))
            for node in nodes.values():
                for edge in node.get("incomingEdges", []):
                    outputs = nodes[edge["sourceNodeId"]]["outputsMetadata"]
                    self.assertIn(edge["sourceNodeOutputId"], [item["id"] for item in outputs])
            red = {key for key, node in nodes.items()
                   if node.get("style", {}).get("backgroundColor") == "#f4a6a0"}
            self.assertEqual({nodes[key]["label"] for key in red},
                             {"aten::_test_functorch_fallback",
                              "aten::_test_serialization_subcmul"})
            marked = overlay[graph["id"]]["results"]
            self.assertEqual({key for key in marked if marked[key]["value"] == "placeholder"},
                             red)
            self.assertLess(red, set(marked))
        for args in (["--model_explorer=net.txt"], ["--model_explorer=no/net.json"],
                     ["--model_explorer=a.json", "--diagram=a.dot"]):
            result = self.run_tool("inspect", "placeholders.ftpb", *args, status=1)
            self.assert_refuses(result, "--model_explorer")
        self.assert_refuses(self.convert("net", "--inputs=1x3x16x16",
                                         "--model_explorer=net.txt", status=1),
                            "--model_explorer", ".json")

    def test_needs_no_libtorch(self):
        libraries = subprocess.run(["ldd", PROGRAMS / "inspect"], capture_output=True, text=True,
                                   check=True).stdout
        self.assertIn("libc.so", libraries)
        self.assertNotIn("torch", libraries)
        self.assertNotIn("libc10", libraries)

    def test_bad_files(self):
        self.convert("net", "--inputs=1x3x16x16", "--weights=inline")
        for extension in ("ftpb", "ftfb"):
            content = (self.folder / f"net.{extension}").read_bytes()
            (self.folder / f"cut.{extension}").write_bytes(content[:len(content) // 2])
            result = self.run_tool("inspect", f"cut.{extension}", status=1)
            self.assert_refuses(result, f"cut.{extension}")
        result = self.run_tool("inspect", "none.ftfb", status=1)
        self.assert_refuses(result, "none.ftfb", "No such file")
        result = self.run_tool("inspect", self.models / "net.pt", status=1)
        self.assert_refuses(result, "net.pt", "format")
        self.assert_refuses(self.run_tool("inspect", status=1), "no file is given")
        self.assert_refuses(self.run_tool("inspect", "a", "b", status=1), "more than one")
        result = self.run_tool("inspect", "net.ftpb", "--sumary", status=1)
        self.assert_refuses(result, "--summary")


class VerifyTest(ToolsTest):

    def verify(self, file, *args, status=0, model="net", inputs="1x3x16x16"):
        return self.run_tool("verify", file, f"--model={self.models / model}.pt",
                             f"--inputs={inputs}", *args, status=status)

    def test_equal(self):
        self.convert("net", "--inputs=1x3x16x16", "--format=protobuf,flatbuffers,text")
        for extension in ("ftpb", "ftfb", "fttxt"):
            self.verify(f"net.{extension}", "--seed=5", "--json=v.json")
            result = json.loads((self.folder / "v.json").read_text())
            self.assertTrue(result["identical"] and result["passes"])
            self.assertEqual(len(result["outputs"]), 1)
        self.convert("net", "--inputs=1x3x16x16", "--format=text", "--layers=raw")
        self.verify("net.fttxt")

    def test_names_the_first_layer_that_differs(self):
        self.convert("net", "--inputs=1x3x16x16", "--format=text")
        text = (self.folder / "net.fttxt").read_text()
        self.assertEqual(text.count("eps=1e-05"), 1)
        (self.folder / "net.fttxt").write_text(text.replace("eps=1e-05", "eps=1e-03"))
        result = self.verify("net.fttxt", "--json=v.json", status=2)
        self.assertIn('the first layer that differs: BatchNorm2d "block.norm"', result.stdout)
        self.assertIn("reads block.conv: identical", result.stdout)
        divergence = json.loads((self.folder / "v.json").read_text())["first_divergence"]
        self.assertEqual(divergence["layer"], "block.norm")
        self.assertGreater(divergence["difference"]["max_absolute"], 0)
        self.verify("net.fttxt", "--tolerance=0.1")
        self.verify("net.fttxt", "--tolerance=1e-9", status=2)

    def test_bad_use(self):
        self.convert("net", "--inputs=1x3x16x16")
        self.convert("twoinputs", "--inputs=4:i64,4:i64")
        self.assert_refuses(self.verify("none.ftfb", status=1), "none.ftfb")
        self.assert_refuses(self.verify("net.ftfb", status=1, model="none"), "none.pt")
        self.assert_refuses(self.verify("twoinputs.ftfb", status=1), "takes 2 values")
        self.assert_refuses(self.verify("net.ftfb", "--tolerance=-1", status=1), "--tolerance")
        self.assert_refuses(self.verify("net.ftfb", "--tolerance=x", status=1), "--tolerance")
        self.assert_refuses(self.verify("net.ftfb", "--json=net.ftfb", status=1),
                            "the same file is read")
        self.assert_refuses(self.run_tool("verify", "net.ftfb", status=1), "--model is missing")
        self.assert_refuses(self.run_tool("verify", status=1), "no file is given")
        # The weights of another model.
        weights = self.folder / "net.safetensors"
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        self.assert_refuses(self.verify("net.ftfb", status=1), "net.safetensors")


    def test_fresh_inputs_find_what_is_baked_in(self):
        self.convert("net", "--inputs=1x3x16x16", "--format=text")
        result = self.verify("net.fttxt", "--fresh=2", "--json=v.json")
        self.assertIn("on inputs of seed 2:", result.stdout)
        fresh = json.loads((self.folder / "v.json").read_text())["fresh"]
        self.assertEqual([run["seed"] for run in fresh], [1, 2])
        self.assertTrue(all(run["passes"] for run in fresh))
        self.convert("baked", "--inputs=4:f32", "--format=text")
        self.verify("baked.fttxt", "--fresh=0", model="baked", inputs="4:f32")
        result = self.verify("baked.fttxt", "--fresh=8", "--json=v.json", model="baked",
                             inputs="4:f32", status=2)
        outcome = json.loads((self.folder / "v.json").read_text())
        self.assertTrue(outcome["outputs"][0]["identical"])
        self.assertFalse(outcome["passes"])
        self.assertFalse(all(run["passes"] for run in outcome["fresh"]))


class ActivationsTest(ToolsTest):
    """Activations that are saved, and those of somebody else's runtime."""

    def setUp(self):
        super().setUp()
        self.convert("net", "--inputs=1x3x16x16", "--save_activations", "--quiet")
        self.saved = safetensors.torch.load_file(self.folder / "net.activations.safetensors")

    def dump(self, tensors):
        safetensors.torch.save_file({k: v.contiguous() for k, v in tensors.items()},
                                    self.folder / "dump.safetensors")

    def verify(self, *args, status=0, tool="verify"):
        result = self.run_tool(tool, "net.ftfb", *args, "--json=v.json", status=status)
        path = self.folder / "v.json"
        return result.stdout, json.loads(path.read_text()) if status != 1 else result

    def test_every_value_is_saved(self):
        model = torch.jit.load(str(self.models / "net.pt"))
        self.assertEqual(set(self.saved),
                         {"x", "block.conv", "block.norm", "block.relu", "flatten", "fc"})
        self.assertTrue(torch.equal(model.block.conv(self.saved["x"]),
                                    self.saved["block.conv"]))
        self.assertTrue(torch.equal(model(self.saved["x"]), self.saved["fc"]))
        # Another name; and with passes, what the model that is written computes.
        self.convert("net", "--inputs=1x3x16x16", "--save_activations=a.safetensors",
                     "--optimize=fold_batch_norm", "--output=folded")
        folded = safetensors.torch.load_file(self.folder / "a.safetensors")
        self.assertEqual(set(self.saved) - set(folded), {"block.conv"})
        torch.testing.assert_close(folded["block.norm"], self.saved["block.norm"])
        self.assertEqual([path.name for path in self.folder.glob(".*")], [])

    def test_a_model_with_sparse_values(self):
        result = self.convert("sparse", "--inputs=3x3", "--save_activations", status=2)
        self.assertIn("sparse.activations.safetensors", result.stdout)
        saved = safetensors.torch.load_file(self.folder / "sparse.activations.safetensors")
        self.assertTrue(saved)

    def test_a_dump_is_compared_with_the_evaluator(self):
        self.dump(self.saved)
        out, result = self.verify("--activations=dump.safetensors")
        self.assertIn("6 values compared with the evaluator's: 6 identical", out)
        self.assertTrue(result["identical"] and result["passes"])
        self.assertEqual([row["value"] for row in result["values"]],
                         ["x", "block.conv", "block.norm", "block.relu", "flatten", "fc"])

    def test_the_first_layer_that_diverges(self):
        wrong = dict(self.saved)
        wrong["block.norm"] = wrong["block.norm"] + 0.5
        wrong["block.relu"] = torch.relu(wrong["block.norm"])
        del wrong["flatten"]
        wrong["mine"] = torch.zeros(2)
        self.dump(wrong)
        reference = "--reference=net.activations.safetensors"
        model = [f"--model={self.models / 'net.pt'}", "--inputs=1x3x16x16"]
        for against in ([], [reference], model):
            out, result = self.verify("--activations=dump.safetensors", "--tolerance=1e-3",
                                      *against, status=2)
            self.assertRegex(out, r'the first layer that differs: BatchNorm2d "block.norm" in '
                             r"block.norm at \S+:\d+, value block.norm: ")
            self.assertIn("reads block.conv: identical", out)
            self.assertIn("makes block.norm: 512 of 512 elements differ, max abs 0.5", out)
            self.assertIn("the worst layers:", out)
            self.assertIn("not recorded: flatten", out)
            self.assertIn("no value of the file: mine", out)
            first = result["first_divergence"]
            self.assertEqual((first["layer"], first["module_path"]), ("block.norm",) * 2)
            self.assertRegex(first["source"], r":\d+$")
            self.assertTrue(first["inputs"][0]["difference"]["identical"])
            self.assertAlmostEqual(first["difference"]["mean_absolute"], 0.5, places=5)
            self.assertEqual(result["missing"], ["flatten"])
            self.assertEqual(result["unknown"], ["mine"])
            self.assertEqual(set(result["worst"][:2]), {"block.norm", "block.relu"})
        self.verify("--activations=dump.safetensors", "--tolerance=1")

    def test_other_dtypes_and_shapes(self):
        self.dump({name: tensor.half() for name, tensor in self.saved.items()})
        out, result = self.verify("--activations=dump.safetensors", "--tolerance=5e-3")
        self.assertIn("are f16 instead of f32, compared as f32", out)
        self.assertFalse(result["identical"])
        self.verify("--activations=dump.safetensors", status=2)
        self.dump(self.saved | {"block.conv": self.saved["block.conv"].permute(0, 2, 3, 1),
                                "fc": torch.full((1, 10), torch.nan)})
        out, result = self.verify("--activations=dump.safetensors", "--tolerance=9", status=2)
        self.assertEqual(result["values"][-1]["actual_nans"], 10)
        self.dump({"fc": self.saved["fc"].reshape(2, 5)})
        out, result = self.verify("--activations=dump.safetensors", "--inputs=1x3x16x16",
                                  status=2)
        self.assertIn("f32[2,5] instead of f32[1,10]", out)

    def test_the_evaluator_may_be_what_is_compared(self):
        out, _ = self.verify("--reference=net.activations.safetensors")
        self.assertIn("6 values compared with those of", out)

    def test_bad_use(self):
        self.dump({"mine": torch.zeros(2), "x": self.saved["x"]})
        dump = "--activations=dump.safetensors"
        _, result = self.verify("--activations=none.safetensors", status=1)
        self.assert_refuses(result, "--activations: ", "none.safetensors")
        _, result = self.verify("--activations=net.ftfb", status=1)
        self.assert_refuses(result, "--activations=", "safetensors")
        _, result = self.verify("--reference=net.activations.safetensors",
                                f"--model={self.models / 'net.pt'}", status=1)
        self.assert_refuses(result, "--model and --reference")
        self.dump({"mine": torch.zeros(2)})
        _, result = self.verify(dump, status=1)
        self.assert_refuses(result, "does not hold the inputs x", "--inputs")
        _, result = self.verify(dump, "--inputs=1x3x16x16", status=1)
        self.assert_refuses(result, "no tensor in it has the name of a value", "mine",
                            "block.conv")
        _, result = self.verify(dump, "--inputs=1x3x16x16,4", status=1)
        self.assert_refuses(result, "mine")
        _, result = self.verify(dump, "--inputs=1x3x16x16,4x4", status=1)
        self.assert_refuses(result, "2 tensors are given, but the file takes 1")
        result = self.convert("net", "--inputs=1x3x16x16",
                              f"--save_activations={self.models / 'net.pt'}", status=1)
        self.assert_refuses(result, "is read")


class LiveModelTest(ToolsTest):
    """Live Python models, by an interpreter that the program opens."""

    def setUp(self):
        super().setUp()
        (self.folder / "net.py").write_text(
            "import torch\n"
            "class Net(torch.nn.Module):\n"
            "    def __init__(self, width=4):\n"
            "        super().__init__()\n"
            "        self.fc = torch.nn.Linear(3, width)\n"
            "    def forward(self, x, pair):\n"
            "        if pair[0].sum() > 1e9:\n"
            "            x = x + 1\n"
            "        return {'a': self.fc(x), 'b': [pair[1] * 2]}\n"
            "number = 3\n")

    def live(self, spec, *args, status=0):
        return self.run_tool("convert", f"--model={spec}", *args, status=status)

    def test_a_module_of_the_callers_directory(self):
        result = self.live("net:Net(width=2)", "--inputs=1x3,[2x2,3x3]",
                           "--format=text,flatbuffers", "--verify", "--report=report.json")
        self.assertIn("Linear  fc  C3 N2  [1,2]", result.stderr)
        text = (self.folder / "Net.fttxt").read_text()
        self.assertIn('net.py":9 "forward"', text)
        report = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(report["placeholders"], [])
        # The branch was taken because of the data, which is said.
        self.assertIn("baked-value", [warning["code"] for warning in report["warnings"]])

    def test_the_probe_can_be_switched_off(self):
        for probe in ("on", "off"):
            self.live("net:Net", "--inputs=1x3,[2x2,3x3]", f"--probe={probe}",
                      "--report=report.json")
            report = json.loads((self.folder / "report.json").read_text())
            self.assertEqual(probe == "on", "probe" in report["timing"])
            (row,) = [row for row in report["warnings"] if row["severity"] != "info"]
            self.assertEqual(probe == "on", "in the probe run" in row["message"], row)
        result = self.live("net:Net", "--inputs=1x3,[2x2,3x3]", "--probe=maybe", status=1)
        self.assertIn("--probe=maybe", result.stderr)

    def test_a_package_that_is_installed(self):
        result = self.live("torchvision.models:squeezenet1_1", "--inputs=1x3x64x64", "--verify",
                           "--fail_on_placeholder", "--quiet")
        self.assertIn("bit for bit", result.stdout)

    def test_what_is_wrong_is_said(self):
        for spec, *words in (
            ("net:Nett", "no `Nett`"),
            ("nowhere:Net", "No module named 'nowhere'"),
            ("net:number", "int", "not a callable"),
            ("net:Net(width=__import__('os'))", "literals"),
            ("net:Net(height=2)", "unexpected keyword argument 'height'"),
        ):
            with self.subTest(spec):
                result = self.live(spec, "--inputs=1x3", status=1)
                self.assert_refuses(result, *words)
        result = self.live("net:Net", "--inputs=1x4,[2x2,2x2]", status=1)
        self.assert_refuses(result, "`fc`", "cannot be multiplied")
        self.assertEqual([path.name for path in self.folder.iterdir() if path.is_file()],
                         ["net.py"])


class OwnToolTest(ToolsTest):
    """The convert of a company that has its own formats and rules."""

    def test_own_kind_and_format(self):
        result = self.convert("net", "--inputs=1x3x16x16", "--output=net", tool="acme_convert")
        self.assertIn("AcmeFlatten", result.stderr)
        self.assertEqual(set(sizes_of(self.folder)), {"net.acme"})
        self.assertIn("AcmeFlatten", (self.folder / "net.acme").read_text())

    def test_a_write_only_format_is_not_verified(self):
        result = self.convert("net", "--inputs=1x3x16x16", "--verify", "--format=acme,text",
                              tool="acme_convert")
        self.assertIn("not verified: ", result.stdout)

    def test_verify_finds_an_executor_that_is_wrong(self):
        result = self.convert("net", "--inputs=1x3x16x16", "--verify", "--format=text",
                              "--report=r.json", "--wrong", tool="acme_convert", status=2)
        self.assertIn("AcmeFlatten", result.stderr)
        report = json.loads((self.folder / "r.json").read_text())
        self.assertEqual([w["code"] for w in report["warnings"]], ["verify"])
        summary = self.run_tool("inspect", "net.fttxt", "--summary").stdout
        self.assertIn("flextorchir.errors  verify: ", summary)

    def test_own_operators_are_loaded(self):
        library = PROGRAMS / "acme_operators.so"
        torch.ops.load_library(str(library))

        class Swish(torch.nn.Module):

            def forward(self, x):
                return torch.ops.acme.swish(x, 2.0) + 1

        torch.jit.script(Swish()).save(str(self.models / "swish.pt"))
        self.assert_writes_nothing("--inputs=2x3", model="swish",
                                   words=["acme::swish", "--load_library"])
        result = self.convert("swish", "--inputs=2x3", "--verify",
                              f"--load_library={os.path.relpath(library, self.folder)}")
        self.assertIn("Placeholder  swish  acme::swish beta=2.0  [2,3]", result.stderr)
        self.run_tool("verify", "swish.ftfb", f"--model={self.models / 'swish.pt'}",
                      "--inputs=2x3", "--seed=3", f"--load_library={library}")

    def test_the_model_must_be_given(self):
        self.assert_refuses(self.run_tool("acme_convert", status=1), "--model is missing")


if __name__ == "__main__":
    unittest.main()
