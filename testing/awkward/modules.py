"""Operators of the user's own, autograd, sharing, wrappers and threads."""

import concurrent.futures
import copy
import threading
import warnings

import torch
from torch import nn
from torch.nn.utils import parametrizations

from testing.awkward.case import awkward, chapter, made_by, rand, randn

chapter("Operators and functions of the user's own")


class _Cube(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return grad * 3 * x * x


@awkward("a custom autograd.Function", "its forward's operators are layers",
         rand(4))
def autograd_function(x):
    return _Cube.apply(x) + 1


@awkward("a custom autograd.Function, with gradients",
         "its forward's operators are layers", rand(4, requires_grad=True),
         grad=True)
def autograd_function_with_grad(x):
    return _Cube.apply(x) + 1


class _InPlace(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


@awkward("an autograd.Function that writes in place",
         "the write is dataflow", rand(4))
def dirty_function(x):
    y = x + 1
    _InPlace.apply(y)
    return y


@torch.library.custom_op("awkward_py::swish", mutates_args=())
def _py_swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(x)


@_py_swish.register_fake
def _(x):
    return torch.empty_like(x)


@awkward("torch.library.custom_op, called as the Python object",
         "one placeholder, or the operators within", rand(4))
def custom_op_object(x):
    return _py_swish(x) + 1


@awkward("torch.library.custom_op, called through torch.ops",
         "a placeholder with the operator's name, which can be run", rand(4),
         placeholders=("awkward_py::swish",))
def custom_op(x):
    return torch.ops.awkward_py.swish(x) + 1


@torch.library.custom_op("awkward_py::scale_", mutates_args=("x",))
def _py_scale(x: torch.Tensor, factor: float) -> None:
    x.mul_(factor)


@awkward("a custom operator that writes to its argument",
         "the schema says so: what it writes is a result of the placeholder",
         rand(4), placeholders=("awkward_py::scale_",))
def custom_op_mutates(x):
    y = x + 1
    torch.ops.awkward_py.scale_(y, 3.0)
    return y


@torch.library.custom_op("awkward_py::numpy_sin", mutates_args=())
def _py_numpy_sin(x: torch.Tensor) -> torch.Tensor:
    import numpy
    return torch.from_numpy(numpy.sin(x.numpy()))


@awkward("a custom operator that is written with NumPy",
         "one placeholder: nothing is baked in", rand(4),
         placeholders=("awkward_py::numpy_sin",))
def custom_op_numpy(x):
    return torch.ops.awkward_py.numpy_sin(x) + 1


_library = torch.library.Library("awkward_lib", "DEF")
_library.define("twice(Tensor x) -> Tensor")
_library.impl("twice", lambda x: x * 2, "CompositeExplicitAutograd")


@awkward("an operator of torch.library.Library",
         "a placeholder with the operator's name", rand(4),
         placeholders=("awkward_lib::twice",))
def library_operator(x):
    return torch.ops.awkward_lib.twice(x) + 1


@awkward("a C++ operator of a library", "a placeholder with all its arguments",
         rand(4), placeholders=("awkward::swish",))
def cpp_operator(x):
    return torch.ops.awkward.swish(x, 2.0) + 1


@awkward("a C++ operator with two results",
         "a placeholder with two outputs", rand(4),
         placeholders=("awkward::sincos",))
def cpp_two_results(x):
    sine, cosine = torch.ops.awkward.sincos(x)
    return sine * cosine


@awkward("a C++ operator that says that it writes",
         "what it writes is a result of the placeholder", rand(4),
         placeholders=("awkward::add_",))
def cpp_writes(x):
    y = x * 2
    torch.ops.awkward.add_(y[1:], x[1:])
    return y


@awkward("a C++ operator that writes and does not say so",
         "noticed by the version of its argument", rand(4),
         placeholders=("awkward::sneaky",))
def cpp_sneaky(x):
    y = x * 2
    z = torch.ops.awkward.sneaky(y)
    return y, z


@awkward("a C++ operator that returns a number",
         "the number is baked in", randn(4), rows=("baked-value",),
         placeholders=("awkward::count_positive",))
def cpp_number(x):
    return x * torch.ops.awkward.count_positive(x)


chapter("Autograd and torch.func within forward")


@awkward("autograd.grad", "the backward's operators are layers", rand(2, 4),
         grad=True, placeholders=("aten::tanh_backward",))
class Grad(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        x = x.detach().requires_grad_()
        energy = self.linear(x).tanh().pow(2).sum()
        return torch.autograd.grad(energy, x)[0]


@awkward("autograd.grad twice", "also of the second derivative", rand(3),
         grad=True)
def double_grad(x):
    x = x.detach().requires_grad_()
    first, = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    second, = torch.autograd.grad(first.sum(), x)
    return second


@awkward("backward() that fills .grad", "the gradient is dataflow", rand(3),
         grad=True)
def backward(x):
    x = x.detach().requires_grad_()
    (x * x).sum().backward()
    return x.grad * 2


def _checkpointed(reentrant):

    class Checkpointed(nn.Module):

        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x):
            from torch.utils.checkpoint import checkpoint
            return checkpoint(self.block, x, use_reentrant=reentrant) + 1

    return Checkpointed


for _grad in (False, True):
    for _reentrant in (True, False):
        made_by(
            f"checkpoint(use_reentrant={_reentrant})"
            f"{', with gradients' if _grad else ''}",
            "its operators are layers, once", rand(2, 4),
            grad=_grad)(_checkpointed(_reentrant))


@awkward("no_grad and enable_grad", "no layers: values are the same", rand(4),
         grad=True)
def grad_modes(x):
    with torch.no_grad():
        y = x * 2
    with torch.enable_grad():
        return y + x


@awkward("inference_mode", "no layers: values are the same", rand(4))
def inference_mode(x):
    with torch.inference_mode():
        y = x * 2
        y[0] = 1
    return y + x


@awkward("vmap", "the operators that run on the whole batch", rand(5, 4))
def vmap(x):
    return torch.func.vmap(lambda row: row.sin() * row.sum())(x)


@awkward("vmap over a module", "the operators that run on the whole batch",
         rand(5, 4))
class VmapModule(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x):
        return torch.func.vmap(self.linear)(x)


@awkward("vmap with an in-place write", "the write is dataflow", rand(5, 4))
def vmap_in_place(x):

    def row(v):
        w = v * 2
        w[0] = 1.0
        return w

    return torch.func.vmap(row)(x)


@awkward("vmap with random numbers", "drawn for the whole batch", rand(5, 4))
def vmap_random(x):
    return torch.func.vmap(lambda row: row + torch.rand(4),
                           randomness="different")(x)


@awkward("an ensemble by functional_call and vmap",
         "the stacked weights are computed in the graph", rand(5, 4))
class Ensemble(nn.Module):

    def __init__(self):
        super().__init__()
        self.models = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))
        # Not registered: a template.
        self.template = [copy.deepcopy(self.models[0]).to("meta")]

    def forward(self, x):
        params, buffers = torch.func.stack_module_state(list(self.models))

        def call(params, buffers, x):
            return torch.func.functional_call(
                self.template[0], (params, buffers), (x,))

        return torch.func.vmap(call, in_dims=(0, 0, None))(params, buffers, x)


@awkward("torch.func.grad", "the backward's operators are layers", rand(4))
def func_grad(x):
    return torch.func.grad(lambda v: (v.sin() * v).sum())(x)


@awkward("jvp", "the forward-mode operators are layers", rand(3))
def jvp(x):
    value, tangent = torch.func.jvp(torch.sin, (x,), (torch.ones_like(x),))
    return value + tangent


@awkward("jacrev", "the operators that run on the whole batch", rand(3))
def jacrev(x):
    return torch.func.jacrev(torch.sin)(x)


@awkward("hessian", "the operators that run on the whole batch", rand(3))
def hessian(x):
    return torch.func.hessian(lambda v: (v**3).sum())(x)


@awkward("functional_call", "the parameters that it was given are inputs",
         lambda: (torch.rand(2, 4), torch.rand(4, 4)))
class FunctionalCall(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x, weight):
        return torch.func.functional_call(self.linear, {"weight": weight}, (x,))


chapter("Sharing")


@awkward("a module called twice", "two calls, one set of weights", rand(2, 4))
class Twice(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return self.linear(self.linear(x).relu())


@awkward("tied parameters", "one weight with two names",
         lambda: (torch.randint(0, 10, (2, 3)),))
class Tied(nn.Module):

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.embedding(tokens))


@awkward("parameters that are views of one", "each is a weight of its own name",
         rand(2, 4))
class Views(nn.Module):

    def __init__(self):
        super().__init__()
        flat = torch.rand(32)
        self.flat = nn.Parameter(flat)
        self.first = nn.Parameter(flat[:16].view(4, 4))
        self.second = nn.Parameter(flat[16:].view(4, 4))

    def forward(self, x):
        return x @ self.first @ self.second + self.flat.sum()


@awkward("a buffer that is a view, and is written to",
         "the write reaches what shares the memory", rand(4))
class WrittenViews(nn.Module):

    def __init__(self):
        super().__init__()
        self.register_buffer("all", torch.zeros(8))
        self.register_buffer("upper", self.all[4:])

    def forward(self, x):
        self.upper.add_(x)
        return self.all * 2


@awkward("a deep copy within forward", "the copy's weights are constants",
         rand(2, 4))
class DeepCopy(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return copy.deepcopy(self.linear)(x)


@awkward("a parameter and a buffer made in forward",
         "what made them is in the graph; the module is left as it was",
         rand(2, 4))
class MadeInForward(nn.Module):

    def forward(self, x):
        self.register_buffer("table", torch.arange(4.0))
        self.scale = nn.Parameter(torch.ones(4))
        return x * self.table * self.scale


@awkward("an input that is written to", "the new content is an output of state",
         rand(4))
def writes_input(x):
    x.mul_(2)
    x[0] = 1
    return x + 1


@awkward("an input that is returned", "no layer", rand(4))
def returns_input(x):
    return x, x.view(2, 2), x


@awkward("the same tensor given twice", "the graph reads the first",
         lambda: (lambda x: (x, x))(torch.rand(4)),
         rows=("aliased-inputs",), without_place=True)
def same_input_twice(x, y):
    return x + y * 2


@awkward("inputs that overlap in memory, and a write to one",
         "the graph cannot say it", lambda: (lambda x: (x[:3], x[1:]))(torch.rand(4)),
         rows=("write-through-view",))
def overlapping_inputs(x, y):
    x.add_(1)
    return y * 2


@awkward("`x.data = y`", "the parameter's memory is another's for the run",
         rand(4))
class SetData(nn.Module):

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4))

    def forward(self, x):
        self.weight.data = x * 2
        return self.weight + 1


chapter("Threads and forks")


class _Branches(nn.Module):

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Sequential(nn.Linear(4, 4), nn.ReLU())


@awkward("threads", "their operators are layers, in the order of execution",
         rand(2, 4))
class Threads(_Branches):

    def forward(self, x):
        results = {}

        def work(name):
            results[name] = getattr(self, name)(x)

        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results["a"] + results["b"]


@awkward("a pool of threads", "their operators are layers", rand(2, 4))
class Pool(_Branches):

    def forward(self, x):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(module, x) for module in (self.a, self.b)]
            return sum(future.result() for future in futures)


@awkward("threads under no_grad, which they do not inherit",
         "each thread has its own gradient mode", rand(2, 4))
class ThreadGradMode(_Branches):

    def forward(self, x):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            enabled = pool.submit(torch.is_grad_enabled).result()
            return pool.submit(self.a, x * (2 if enabled else 3)).result()


@awkward("torch.jit.fork and wait", "their operators are layers", rand(2, 4))
class Fork(_Branches):

    def forward(self, x):
        future = torch.jit.fork(self.a, x)
        return self.b(x) + torch.jit.wait(future)


@made_by("forks in a scripted module", "their operators are layers",
         rand(2, 4))
def scripted_fork():
    return _script(_ScriptedFork())


class _ScriptedFork(_Branches):

    def forward(self, x):
        future = torch.jit.fork(self.a, x)
        return self.b(x) + torch.jit.wait(future)


def _script(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(module)


chapter("Wrapped modules and hooks")


def _small():
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))


@made_by("torch.compile'd", "its plain operators are layers", rand(2, 4))
def compiled():
    return torch.compile(_small())


@awkward("a torch.compile'd function within forward",
         "its plain operators are layers", rand(4))
def compiled_function(x):
    return torch.compile(lambda y: y.sin() + 1)(x)


@made_by("DataParallel", "the module within is what runs", rand(2, 4))
def data_parallel():
    return nn.DataParallel(_small())


@made_by("a scripted submodule", "its operators are layers, with their places",
         rand(2, 4))
def scripted():
    return nn.Sequential(nn.Linear(4, 4), _script(_small_scripted()))


def _small_scripted():
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))


@made_by("a traced submodule", "its operators are layers", rand(2, 4))
def traced():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inner = torch.jit.trace(_small(), torch.rand(2, 4))
    return nn.Sequential(nn.Linear(4, 4), inner)


@made_by("a torch.export'ed module", "its operators are layers", rand(2, 4))
def exported():
    return torch.export.export(_small(), (torch.rand(2, 4),)).module()


@made_by("a torch.fx GraphModule", "its operators are layers", rand(2, 4))
def fx_graph():
    return torch.fx.symbolic_trace(_small())


@made_by("forward and pre-forward hooks",
         "what they compute belongs to the module", rand(2, 4))
def forward_hooks():
    model = _small()
    model[0].register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    model[2].register_forward_hook(lambda module, args, result: result + 1)
    return model


@made_by("full backward hooks", "no layer in forward", rand(2, 4), grad=True)
def backward_hooks():
    model = _small()
    model[0].register_full_backward_hook(lambda module, grads, results: None)
    model[2].register_full_backward_pre_hook(lambda module, grads: None)
    return model


@made_by("a hook that keeps activations", "the module is left as it was",
         rand(2, 4))
def activation_hook():
    model = _small()
    model.kept = {}
    model[0].register_forward_hook(
        lambda module, args, result: model.kept.update(a=result))
    return model


@made_by("weight_norm and spectral_norm", "the weight is computed in the graph",
         rand(2, 4))
def norms():
    return nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 4)),
                         parametrizations.spectral_norm(nn.Linear(4, 3))).eval()


@made_by("spectral_norm in training mode", "its vectors are state",
         rand(2, 4))
def spectral_norm_training():
    return parametrizations.spectral_norm(nn.Linear(4, 3)).train()


@made_by("the older weight_norm, by hooks",
         "the weight is computed in the graph", rand(2, 4))
def old_weight_norm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(nn.Linear(4, 3))


@made_by("an orthogonal parametrization", "the weight is computed in the graph",
         rand(2, 4))
def orthogonal():
    return parametrizations.orthogonal(nn.Linear(4, 4))


@made_by("pruning", "mask and original weight are in the graph", rand(2, 4))
def pruned():
    from torch.nn.utils import prune
    linear = nn.Linear(4, 4)
    prune.random_unstructured(linear, "weight", amount=0.5)
    return linear


@made_by("a lazy module before its first call",
         "its parameters have no shape yet", rand(2, 4), raises="lazy")
def lazy():
    return nn.Sequential(nn.LazyLinear(3), nn.ReLU())


@made_by("parameters on the meta device", "there are no values to convert",
         rand(2, 4), raises="meta")
def meta():
    return _small().to("meta")


chapter("Training and precision")


@made_by("batch norm in training mode",
         "statistics of the batch; the running ones are state", rand(4, 3))
def batch_norm():
    return nn.BatchNorm1d(3).train()


@made_by("dropout in training mode", "a random layer", rand(4, 3))
def dropout():
    return nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5)).train()


@made_by("RNN with dropout in training mode", "a random layer", rand(5, 2, 3))
def lstm_dropout():
    return nn.LSTM(3, 4, num_layers=2, dropout=0.3).train()


@awkward("autocast", "its casts are layers", rand(2, 4))
class Autocast(nn.Module):

    def __init__(self):
        super().__init__()
        self.model = _small()

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.model(x) + x.sum()


def _in_dtype(dtype):
    return lambda: _small().to(dtype)


made_by("weights in half", "their own dtype",
        rand(2, 4, dtype=torch.half))(_in_dtype(torch.half))
made_by("weights in bfloat16", "their own dtype",
        rand(2, 4, dtype=torch.bfloat16))(_in_dtype(torch.bfloat16))


@awkward("weights in float8", "their own dtype, cast in the graph", rand(2, 4))
class Float8(nn.Module):

    def __init__(self):
        super().__init__()
        self.register_buffer("weight",
                             torch.randn(4, 4).to(torch.float8_e4m3fn))
        self.register_buffer("scale", torch.rand(4).to(torch.float8_e5m2))

    def forward(self, x):
        return x @ self.weight.to(x.dtype) * self.scale.to(x.dtype)


@awkward("a model that changes its mode in forward",
         "the module is left in its own", rand(4, 4))
class ChangesMode(nn.Module):

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout()

    def forward(self, x):
        self.eval()
        return self.dropout(x) + 1
