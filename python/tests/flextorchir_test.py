"""Tests the package on live modules: structure, state, granularity, files."""

import asyncio
import collections
import concurrent.futures
import dataclasses
import functools
import multiprocessing.pool
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import types
import typing
import unittest

import flextorchir
from flextorchir import _structure
import numpy
import torch
import torchvision


class Net(torch.nn.Module):

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.head = torch.nn.Linear(4, 5)

    def forward(self, x, scale=1.0):
        x = self.norm(self.conv(x)).relu_()
        return self.head(x.mean((2, 3))) * scale


@dataclasses.dataclass
class Result:
    logits: torch.Tensor
    hidden: typing.Optional[torch.Tensor] = None


class Pair(typing.NamedTuple):
    left: torch.Tensor
    right: torch.Tensor


def _with_threads(work):
    threads = [threading.Thread(target=work, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _with_new_pool(work):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (0, 1)))


def _with_thread_pool(work):
    with multiprocessing.pool.ThreadPool(2) as pool:
        pool.map(work, (0, 1))


def _with_asyncio(work):

    async def both():
        await asyncio.gather(*(asyncio.to_thread(work, i) for i in (0, 1)))

    asyncio.run(both())


def _with_nested_threads(work):

    def start_other():
        work(0)
        _with_threads(lambda i: work(1) if i == 1 else None)

    thread = threading.Thread(target=start_other)
    thread.start()
    thread.join()


class Parallel(torch.nn.Module):
    """Calls its two branches on threads that `start` makes."""

    def __init__(self, start):
        super().__init__()
        self.branches = torch.nn.ModuleList(
            [torch.nn.Linear(4, 4),
             torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())])
        self.start = start

    def forward(self, x):
        results = {}

        def work(i):
            # A new thread has a gradient mode of its own.
            scale = 2 if torch.is_grad_enabled() else 3
            results[i] = self.branches[i](x) * scale

        self.start(work)
        return results[0] + results[1]


def kinds(conv):
    return conv.report["layers_by_kind"]


class FlexTorchIrTest(unittest.TestCase):

    def setUp(self):
        torch.manual_seed(0)

    def convert(self, module, *args, **kwargs):
        """Converts, runs, and expects the model's own bits."""
        options = kwargs.pop("options", {})
        with torch.no_grad():
            state = torch.get_rng_state()
            conv = flextorchir.convert(module, args, kwargs, **options)
            torch.set_rng_state(state)
            expected = module(*args, **kwargs)
            torch.set_rng_state(state)
            actual = conv.run(*args, **kwargs)
        self.assert_same(expected, actual)
        self.assertEqual([], conv.report["placeholders"])
        return conv

    def assert_same(self, expected, actual):
        if isinstance(expected, torch.Tensor):
            self.assertEqual(expected.dtype, actual.dtype)
            self.assertTrue(torch.equal(expected, actual), (expected, actual))
            return
        self.assertIs(type(expected), type(actual))
        if dataclasses.is_dataclass(expected):
            expected, actual = vars(expected), vars(actual)
        if isinstance(expected, collections.abc.Mapping):
            self.assertEqual(list(expected), list(actual))
            for key in expected:
                self.assert_same(expected[key], actual[key])
        elif isinstance(expected, (tuple, list)):
            self.assertEqual(len(expected), len(actual))
            for one, other in zip(expected, actual):
                self.assert_same(one, other)
        else:
            self.assertEqual(expected, actual)

    def test_layers_have_names_kinds_and_places(self):
        conv = self.convert(Net().eval(), torch.rand(1, 3, 8, 8))
        self.assertEqual(1, kinds(conv)["Conv2d"])
        self.assertEqual(1, kinds(conv)["BatchNorm2d"])
        self.assertIn('"conv"', conv.text)
        self.assertIn("flextorchir_test.py", conv.text)
        self.assertIn("Net", conv.text)
        self.assertEqual([], conv.report["warnings"])
        self.assertEqual(
            sum(p.numel() for p in Net().parameters()),
            conv.report["parameters"])

    def test_keyword_arguments_and_numbers(self):
        conv = self.convert(Net().eval(), torch.rand(1, 3, 8, 8), scale=2.0)
        self.assertEqual(1, kinds(conv)["Mul"])
        self.convert(Net().eval(), x=torch.rand(1, 3, 8, 8))

    def test_structures_of_any_nesting(self):

        class Nested(torch.nn.Module):

            def forward(self, pair, table, none, items):
                total = pair.left + pair.right
                for item in table.values():
                    total = total + item
                for one, two in items:
                    total = total + one * two
                return {
                    "pair": Pair(total, pair.left),
                    "result": Result(total * 2),
                    "list": [total, (total, none, 3)],
                    1: collections.OrderedDict(a=total),
                }

        x = torch.rand(2, 2)
        self.convert(Nested(), Pair(x, x + 1), {"a": x, "b": x + 2}, None,
                     [(x, x), (x, x + 1)])

    def test_objects_that_hold_tensors(self):

        class Layer:

            def __init__(self):
                self.keys = None
                self.dtype = torch.float32

        class Cache:

            def __init__(self):
                self.layers = []
                self.seen = 0
                self.owner = self

        class Decoder(torch.nn.Module):

            def forward(self, x, cache):
                if not cache.layers:
                    cache.layers.append(Layer())
                    cache.layers[0].keys = x
                else:
                    cache.layers[0].keys = torch.cat([cache.layers[0].keys, x])
                cache.seen += 1
                return {"sum": cache.layers[0].keys.sum(), "cache": cache}

        model, empty = Decoder(), Cache()
        first = flextorchir.convert(model, (torch.ones(2), empty))
        self.assertEqual(([], 0), (empty.layers, empty.seen))
        self.assertIn("baked-input",
                      [row["code"] for row in first.report["warnings"]])
        grown = first.run(torch.ones(2), empty)["cache"]
        self.assertIsInstance(grown, Cache)
        self.assertIsInstance(grown.layers[0], Layer)
        self.assertEqual(torch.float32, grown.layers[0].dtype)

        conv = flextorchir.convert(model, (torch.zeros(1), grown))
        self.assertEqual(1, grown.seen)
        self.assertEqual([2], list(grown.layers[0].keys.shape))
        grown.layers[0].keys = torch.tensor([1.0, 2.0])
        with tempfile.TemporaryDirectory() as folder:
            prefix = os.path.join(folder, "decoder")
            conv.save(prefix)
            loaded = flextorchir.load(prefix + ".ftfb")
            for one in (conv, loaded):
                result = one.run(torch.tensor([3.0]), grown)
                self.assertEqual(6, result["sum"])
                self.assert_same(torch.tensor([1.0, 2.0, 3.0]),
                                 result["cache"].layers[0].keys)
        self.assertIs(types.SimpleNamespace, type(result["cache"]))
        with self.assertRaisesRegex(flextorchir.Error, "converted with"):
            conv.run(torch.tensor([3.0]), empty)

    def test_arrays_are_tensors(self):

        class Image(torch.nn.Module):

            def forward(self, image, table):
                return (torch.from_numpy(image) * table["a", 1]).numpy()

        image = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
        table = {("a", 1): torch.tensor(2.0)}
        conv = flextorchir.convert(Image(), (image, table))
        self.assertEqual([], conv.report["warnings"])
        result = conv.run(image + 1, table)
        self.assertIsInstance(result, numpy.ndarray)
        self.assertTrue(numpy.array_equal((image + 1) * 2, result))

    def test_a_file_makes_no_object_of_any_class(self):
        spec = _structure.Spec(
            ("named", "subprocess.Popen", [("args", ("constant", "false"))]))
        self.assertEqual(types.SimpleNamespace(args="false"), spec.unflatten([]))

    def test_fields_of_torchs_results_keep_their_order(self):
        x = torch.rand(4, 5)
        for function in (lambda x: torch.max(x, 0), torch.aminmax,
                         lambda x: torch.sort(x, 1), torch.linalg.slogdet):
            conv = flextorchir.convert(
                lambda x: function(x[:, :4]), (x,))
            actual, expected = conv.run(x), function(x[:, :4])
            self.assertIs(type(expected), type(actual))
            self.assert_same(tuple(expected), tuple(actual))

    def test_what_goes_through_comes_back(self):
        weight = torch.nn.Parameter(torch.rand(3))

        class Through(torch.nn.Module):

            def __init__(self):
                super().__init__()
                self.weight = weight

            def forward(self, x):
                y = x + 1
                return x, y, y, self.weight

        self.convert(Through(), torch.rand(3))

    def test_a_function_is_a_model(self):
        conv = self.convert(lambda x, y: torch.relu(x) @ y, torch.rand(2, 3),
                            torch.rand(3, 4))
        self.assertEqual({"ReLU": 1, "Matmul": 1}, kinds(conv))

    def test_a_method_of_a_module_is_a_model(self):

        class Encoder(Net):

            def features(self, x, scale):
                return self.norm(self.conv(x)) * scale

        encoder = Encoder().eval()
        for method in (encoder.features,
                       functools.partial(encoder.features, scale=2.0)):
            arguments = {"scale": 2.0} if method == encoder.features else {}
            conv = self.convert(method, torch.rand(1, 3, 8, 8), **arguments)
            self.assertIn('weights "conv.weight" parameter', conv.text)
            self.assertIn('"norm"', conv.text)

    def test_attention_is_one_layer_also_with_its_weights(self):
        x = torch.rand(2, 5, 8)
        # Torch's fast path, which conversions do without, has last bits of its own.
        self.addCleanup(torch.backends.mha.set_fastpath_enabled,
                        torch.backends.mha.get_fastpath_enabled())
        torch.backends.mha.set_fastpath_enabled(False)
        for batch_first in (False, True):
            attention = torch.nn.MultiheadAttention(
                8, 2, batch_first=batch_first).eval()
            for average in (False, True):
                conv = self.convert(attention, x, x, x,
                                    average_attn_weights=average)
                self.assertEqual({"MultiheadAttention": 1}, kinds(conv))

    def test_the_compiler_is_not_loaded_without_need(self):
        program = (
            "import sys, torch, flextorchir\n"
            "def compiles(x):\n"
            "    return torch.compile(torch.relu)(x) + 1\n"
            "x = torch.ones(2)\n"
            "compile = torch.compile\n"
            "conv = flextorchir.convert(torch.sigmoid, (x,))\n"
            "print('torch._dynamo' in sys.modules, '_inductor' in vars(torch))\n"
            "conv = flextorchir.convert(compiles, (x,))\n"
            "print(conv.report['layers_by_kind'], torch.compile is compile)\n"
            "print(torch._inductor.config.__name__)\n")
        done = subprocess.run([sys.executable, "-c", program], check=True,
                              capture_output=True, text=True,
                              env=os.environ | {"PYTHONPATH": ":".join(sys.path)})
        self.assertEqual(
            "False False\n{'Add': 1, 'ReLU': 1} True\ntorch._inductor.config\n",
            done.stdout)

    def test_the_module_is_left_as_it_was(self):

        class Restless(torch.nn.Module):

            def __init__(self):
                super().__init__()
                self.norm = torch.nn.BatchNorm1d(4)
                self.register_buffer("count", torch.zeros(()))
                self.calls = []
                self.last = None

            def forward(self, x, fail=False):
                self.count += 1
                self.calls.append(1)
                self.last = x
                self.extra = x
                random.random()
                x = self.norm(x + torch.rand(4))
                if fail:
                    raise RuntimeError("on purpose")
                return x * self.count

        module = Restless().train()
        x = torch.rand(5, 4)
        before = {name: value.clone() for name, value in
                  module.state_dict().items()}
        torch_state, python_state = torch.get_rng_state(), random.getstate()
        for fail in (False, True):
            with self.subTest(fail=fail), torch.no_grad():
                if fail:
                    with self.assertRaisesRegex(RuntimeError, "on purpose"):
                        flextorchir.convert(module, (x,), {"fail": True})
                else:
                    conv = flextorchir.convert(module, (x,))
                    self.assertIn("count", conv.text)
                for name, value in module.state_dict().items():
                    self.assertTrue(torch.equal(before[name], value), name)
                self.assertTrue(module.training)
                self.assertEqual([], module.calls)
                self.assertIsNone(module.last)
                self.assertFalse(hasattr(module, "extra"))
                self.assertTrue(
                    torch.equal(torch_state, torch.get_rng_state()))
                self.assertEqual(python_state, random.getstate())
                self.assertTrue(torch.backends.mha.get_fastpath_enabled())
                self.assertFalse(
                    torch.nn.modules.module._global_forward_pre_hooks)

    def test_an_exception_says_in_which_module(self):
        model = torch.nn.Sequential(Net(), torch.nn.Linear(7, 2))
        with self.assertRaises(RuntimeError) as caught:
            flextorchir.convert(model, (torch.rand(1, 3, 8, 8),))
        self.assertIn("module `1`", " ".join(caught.exception.__notes__))
        self.assertIn("shapes cannot be multiplied", str(caught.exception))

    def test_threads_of_forward_are_recorded(self):
        pool = concurrent.futures.ThreadPoolExecutor(2)
        older_pool = concurrent.futures.ThreadPoolExecutor(2)
        list(older_pool.map(abs, (1, 2)))
        hooked = [(cls, dict(vars(cls))) for cls in (
            threading.Thread, concurrent.futures.ThreadPoolExecutor,
            multiprocessing.pool.ThreadPool)]
        for name, start in (
            ("threads", _with_threads),
            ("nested threads", _with_nested_threads),
            ("new pool", _with_new_pool),
            ("pool", lambda work: list(pool.map(work, (0, 1)))),
            ("older pool", lambda work: list(older_pool.map(work, (0, 1)))),
            ("multiprocessing", _with_thread_pool),
            ("asyncio", _with_asyncio),
        ):
            for repeat in range(5):
                with self.subTest(name, repeat=repeat):
                    model = Parallel(start).eval()
                    conv = self.convert(model, torch.rand(2, 4))
                    self.assertEqual(
                        {"Linear": 2, "ReLU": 1, "Mul": 2, "Add": 1},
                        kinds(conv))
                    self.assertIn(' in "branches.1.0" ', conv.text)
                    self.assertNotIn("_threads.py", conv.text)
                    # (Who comes first is not the same in each run.)
                    self.assertEqual([], conv.report["warnings"])
                    fresh = torch.rand(2, 4)
                    with torch.no_grad():
                        self.assert_same(model(fresh), conv.run(fresh))
        for cls, attributes in hooked:
            self.assertEqual(attributes, dict(vars(cls)))
        pool.shutdown()
        older_pool.shutdown()

    def test_threads_of_others_are_not_recorded(self):
        started, stop = threading.Event(), threading.Event()
        other = torch.nn.Linear(3, 3)

        def work():
            started.set()
            while not stop.is_set():
                other(torch.rand(1, 3))

        thread = threading.Thread(target=work)
        thread.start()
        started.wait()
        try:
            for _ in range(5):
                conv = self.convert(torch.nn.Sequential(Net(), torch.nn.ReLU())
                                    .eval(), torch.rand(1, 3, 8, 8))
                self.assertEqual(1, kinds(conv)["Linear"])
        finally:
            stop.set()
            thread.join()

    def test_an_exception_of_a_thread_leaves_it_as_it_was(self):

        def fail(_):
            raise ValueError("on purpose")

        def start(work):
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                pool.submit(fail, 0).exception()
                pool.submit(work, 0).result()
                pool.submit(work, 1).result()

        conv = self.convert(Parallel(start).eval(), torch.rand(2, 4))
        self.assertEqual(2, kinds(conv)["Linear"])
        with self.assertRaisesRegex(ValueError, "on purpose"):
            flextorchir.convert(
                Parallel(lambda work: _with_new_pool(fail)),
                (torch.rand(2, 4),))

    def rows(self, function, *args, **kwargs):
        """The rows of the report of a function: (code, severity), and messages."""
        with torch.no_grad():
            conv = flextorchir.convert(function, args, **kwargs)
        warnings = conv.report["warnings"]
        for row in warnings:
            if row["code"] != "probe-failed":
                self.assertIn("flextorchir_test.py:", row["source"], row)
        return ([(row["code"], row["severity"]) for row in warnings],
                " ".join(row["message"] for row in warnings))

    def test_the_probe_finds_what_is_baked_in(self):

        def item(x):
            return x * x.max().item()

        def to_list(x):
            return x * sum(x[0].tolist())

        def branch(x):
            return x.relu() if x.sum() > 0 else x.tanh()

        def unseen_branch(x):
            return x.relu() if x.numpy().sum() > 0 else x.tanh()

        def numpy_round_trip(x):
            return x + torch.from_numpy(numpy.sort(x.numpy()))

        def list_round_trip(x):
            return x + torch.tensor([[2 * v for v in row] for row in x.tolist()])

        def constant(x):
            return x + torch.from_numpy(numpy.arange(3, dtype=numpy.float32))

        def mask(x):
            return x[x > 0].sum()

        def nothing(x):
            y = torch.tensor([1.0, 2.0, 3.0])
            return torch.where(x > x.mean(), x, y) + torch.arange(3)

        for function, expected in (
            (item, [("baked-value", "warning")]),
            (to_list, [("baked-value", "warning")]),
            (branch, [("data-dependent-branch", "warning")]),
            (unseen_branch, [("data-dependent-branch", "warning")]),
            (numpy_round_trip, [("baked-constant", "warning")]),
            (list_round_trip, [("baked-constant", "warning")]),
            (constant, [("constant-of-unknown-origin", "info")]),
            (mask, [("data-dependent-shape", "info")]),
            (nothing, []),
        ):
            with self.subTest(function.__name__):
                rows, messages = self.rows(function, torch.randn(4, 3))
                self.assertEqual(expected, rows, messages)
                without, _ = self.rows(function, torch.randn(4, 3), probe=False)
                self.assertEqual(
                    [("baked-value", "warning")] if function in (item, branch)
                    else [], without)

    def test_the_probe_gives_other_numbers_in_the_same_structures(self):
        seen = []

        class Texts(collections.OrderedDict):
            pass

        @dataclasses.dataclass(frozen=True)
        class Frozen:
            x: torch.Tensor
            name: str

        def model(result, pair, items, texts, frozen, number):
            seen.append((result, pair, items, texts, frozen, number))
            return (result.logits + pair.left + items[0]["x"] + texts["x"]
                    + frozen.x * number)

        x, other = torch.randn(3), torch.randn(3)
        args = (Result(x, None), Pair(x, other), [{"x": other}, "text"],
                Texts(x=x, y=1), Frozen(x, "name"), 2)
        flextorchir.convert(model, args)
        self.assertEqual(2, len(seen))
        for was, now in zip(*seen):
            self.assertIs(type(was), type(now))
        result, pair, items, texts, frozen, number = seen[1]
        self.assertFalse(torch.equal(x, result.logits))
        self.assertFalse(torch.equal(other, pair.right))
        # One tensor is one tensor.
        for same in (pair.left, texts["x"], frozen.x):
            self.assertIs(result.logits, same)
        self.assertIs(pair.right, items[0]["x"])
        self.assertEqual(("text", 1, "name", 2),
                         (items[1], texts["y"], frozen.name, number))
        self.assertIs(x, args[0].logits)

    def test_a_model_that_refuses_other_numbers_converts(self):
        x = torch.randn(4)

        def model(y):
            if not torch.equal(x, y):
                raise ValueError("another one")
            return y + 1

        rows, messages = self.rows(model, x)
        self.assertEqual([("baked-value", "warning"),
                          ("probe-failed", "warning")], rows)
        self.assertIn("ValueError: another one", messages)

    def test_the_result_is_that_of_the_first_run(self):

        def model(x):
            return {"a": x + 1} if x.sum() > 0 else [x]

        x = torch.ones(3) - torch.tensor([0, 0, 2.5])
        with torch.no_grad():
            conv = flextorchir.convert(model, (x,))
        self.assert_same(model(x), conv.run(x))
        self.assertIn(("baked-result", "warning"), [
            (row["code"], row["severity"]) for row in conv.report["warnings"]])

    def test_blackbox_keeps_a_module_as_one_layer(self):
        model = torch.nn.Sequential(Net(), torch.nn.Linear(5, 2)).eval()
        x = torch.rand(1, 3, 8, 8)
        for blackbox in (["0"], ["Net"], [Net], Net):
            with self.subTest(blackbox=blackbox):
                conv = self.convert(model, x, options={"blackbox": blackbox})
                self.assertEqual({"Net": 1, "Linear": 1}, kinds(conv))

    def test_raw_layers_have_the_names_of_operators(self):
        conv = self.convert(Net().eval(), torch.rand(1, 3, 8, 8),
                            options={"layers": "raw"})
        self.assertIn("aten::conv2d", kinds(conv))

    def test_files_come_back(self):
        x = torch.rand(1, 3, 8, 8)
        conv = self.convert(Net().eval(), x)
        with tempfile.TemporaryDirectory() as folder:
            for format, extension in (("flatbuffers", "ftfb"),
                                      ("protobuf", "ftpb"), ("text", "fttxt")):
                for weights in ("external", "inline"):
                    with self.subTest(format=format, weights=weights):
                        path = os.path.join(folder, f"{format}-{weights}")
                        files = conv.save(path, format=format, weights=weights)
                        self.assertIn(f"{path}.{extension}", files)
                        loaded = flextorchir.load(f"{path}.{extension}")
                        self.assertEqual(conv.text, loaded.text)
                        self.assert_same(conv.run(x), loaded.run(x))

    def test_errors_say_what_is_wrong(self):
        with self.assertRaisesRegex(flextorchir.Error, "nothing.ftfb"):
            flextorchir.load("/nowhere/nothing.ftfb")
        with self.assertRaisesRegex(flextorchir.Error, "tuple"):
            flextorchir.convert(Net(), torch.rand(1))
        with self.assertRaisesRegex(flextorchir.Error, "wrong"):
            flextorchir.convert(Net(), (torch.rand(1, 3, 8, 8),), layers="wrong")
        with self.assertRaises(TypeError):
            flextorchir.convert(3, (torch.rand(1),))
        conv = self.convert(Net().eval(), torch.rand(1, 3, 8, 8))
        with self.assertRaises(flextorchir.Error):
            conv.run(torch.rand(1, 3, 8, 8), torch.rand(1))
        with self.assertRaisesRegex(flextorchir.Error, "f32|f64"):
            conv.run(torch.rand(1, 3, 8, 8, dtype=torch.double))
        with self.assertRaisesRegex(flextorchir.Error, "csv"):
            conv.save("x", format="csv")

    def test_torchvision_models(self):
        for name, shape in (("resnet18", (1, 3, 64, 64)),
                            ("mobilenet_v2", (1, 3, 64, 64)),
                            ("vit_b_16", (1, 3, 224, 224))):
            with self.subTest(name):
                model = torchvision.models.get_model(name, weights=None).eval()
                self.convert(model, torch.rand(shape))

    def test_activations_are_kept_where_they_are_asked_for(self):
        net = Net().eval()
        x = torch.randn(2, 3, 8, 8)
        conv = flextorchir.convert(net, (x,), keep_activations=True)
        kept = conv.activations
        self.assertTrue(torch.equal(kept["x"], x))
        self.assertTrue(torch.equal(kept["conv"], net.conv(x)))
        self.assertTrue(any(torch.equal(value, net(x)) for value in kept.values()))
        self.assertLessEqual(set(kept), set(re.findall(r"%([\w.]+): ", conv.text)))
        conv.optimize("fold_batch_norm")
        for other in (conv, flextorchir.convert(net, (x,))):
            with self.assertRaisesRegex(flextorchir.Error, "keep_activations=True"):
                _ = other.activations

    def test_optimize_rewrites_model_and_report(self):
        net = Net().eval()
        torch.nn.init.normal_(net.norm.running_mean)
        x = torch.randn(2, 3, 8, 8)
        conv = self.convert(net, x)
        before = conv.run(x)
        self.assertEqual(1, kinds(conv)["BatchNorm2d"])
        with self.assertRaisesRegex(flextorchir.Error, "there are drop_no_ops"):
            conv.optimize("fold_batch_norm", "fold")
        self.assertEqual(1, kinds(conv)["BatchNorm2d"])
        self.assertEqual([("fold_batch_norm", 1), ("drop_no_ops", 0)],
                         conv.optimize("fold_batch_norm", "drop_no_ops"))
        self.assertNotIn("BatchNorm2d", kinds(conv))
        self.assertNotIn(" = BatchNorm2d ", conv.text)
        # Where it came from is still there.
        self.assertIn("torch.nn.modules.batchnorm.BatchNorm2d", conv.text)
        torch.testing.assert_close(conv.run(x), before)
        with tempfile.TemporaryDirectory() as folder:
            conv.save(os.path.join(folder, "net"))
            loaded = flextorchir.load(os.path.join(folder, "net.ftfb"))
            self.assertTrue(torch.equal(loaded.run(x), conv.run(x)))
            self.assertEqual(0, sum(n for _, n in loaded.optimize()))


if __name__ == "__main__":
    unittest.main()
