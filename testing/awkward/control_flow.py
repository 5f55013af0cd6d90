"""Programs that look at their tensors, and what else Python can do."""

import contextlib
import random
import warnings

import numpy
import torch
from torch import nn

from testing.awkward.case import awkward, chapter, made_by, rand, randn

chapter("The program looks at a tensor")


@awkward("a branch that depends on the data",
         "the branch that was taken is in the graph", rand(4),
         fresh=lambda: (-torch.rand(4),), rows=("baked-value",))
def branch(x):
    if x.sum() > 0:
        return x * 2
    return x - 1


@awkward("a branch on a size", "the size is part of the graph's types",
         rand(4))
def branch_on_size(x):
    return x * 2 if x.shape[0] > 3 else x - 1


@awkward("a branch in one of two modules",
         "the row names the module that looks", rand(2, 4),
         fresh=lambda: (-torch.rand(2, 4),), rows=("baked-value",))
class BranchInModule(nn.Module):

    class Gate(nn.Module):

        def forward(self, x):
            return x if x.mean() > 0 else torch.zeros_like(x)

    def __init__(self):
        super().__init__()
        self.gate = self.Gate()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return self.linear(self.gate(x))


@awkward("a loop on `.item()`", "the loop is as long as it was", rand(4),
         fresh=lambda: (torch.rand(4) * 9,), rows=("data-dependent-branch",))
def loop_on_item(x):
    for _ in range(int(x.sum().item()) + 1):
        x = x + 1
    return x


@awkward("a loop until it converges", "the loop is as long as it was",
         rand(4), fresh=lambda: (torch.rand(4) * 99,), rows=("baked-value",))
def loop_until(x):
    while x.abs().max() > 0.1:
        x = x / 2
    return x


@awkward("`.item()` in arithmetic", "the number is baked in", rand(4),
         rows=("baked-value",))
def item_arithmetic(x):
    return x * float(x.max())


@awkward("`.item()` of a number that is there before the run",
         "the same for every input: no row", rand(4))
class ItemOfBuffer(nn.Module):

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.tensor(3.0))

    def forward(self, x):
        return x * self.scale.item()


@awkward("`.tolist()`", "the numbers are baked in", rand(4),
         rows=("baked-value",))
def tolist(x):
    return x + sum((x * 2).tolist())


@awkward("a NumPy round trip", "what NumPy computes is a constant", rand(4),
         rows=("baked-constant",))
def numpy_round_trip(x):
    return x + torch.from_numpy(numpy.sin(x.numpy()))


@awkward("a write through NumPy",
         "what was written is a constant that is copied into the tensor",
         rand(4), rows=("baked-constant", "baked-write"))
def numpy_in_place(x):
    y = x * 2
    y.numpy()[0] = 7
    return y + 1


@awkward("a write through NumPy to an input",
         "the input's new content is a constant, and an output of state",
         rand(4), rows=("baked-constant", "baked-write"))
def numpy_writes_input(x):
    x.numpy()[0] = 7
    return x


@awkward("`from_numpy(x.numpy())`, untouched",
         "the memory is the tensor's: no row", rand(4))
def numpy_there_and_back(x):
    return torch.from_numpy((x * 2).numpy()) + 1


@awkward("`torch.tensor` of computed numbers", "a constant", rand(4),
         rows=("baked-constant", "baked-value"))
def tensor_of_items(x):
    return x + torch.tensor([x.min().item(), x.max().item(), 0, 1])


@awkward("a boolean mask as an index",
         "the size of the result depends on the data: a row of severity `info`",
         randn(8))
def boolean_mask(x):
    return x[x > 0] * 2


@awkward("`nonzero`", "the size of the result depends on the data: a row of severity `info`",
         randn(8))
def nonzero(x):
    return (x > 0).nonzero()


@awkward("a boolean mask that is written to", "masked: sizes stay as they are",
         randn(8))
def masked_write(x):
    y = x.clone()
    y[x > 0] = 0
    return y


@awkward("as many rows as a number says", "the size is baked in",
         lambda: (torch.rand(6, 2), torch.tensor(3)),
         fresh=lambda: (torch.rand(6, 2), torch.tensor(5)),
         rows=("baked-value",))
def slice_to_item(x, n):
    return x[:int(n)] + 1


@awkward("`unique`", "the size of the result depends on the data: a row of severity `info`",
         lambda: (torch.randint(0, 4, (8,)),))
def unique(x):
    return torch.unique(x)


@awkward("`assert` on values", "a check that fails is no layer", rand(4),
         fresh=lambda: (torch.rand(4) / 2,), rows=("baked-value",))
def asserting(x):
    assert (x >= 0).all()
    return x * 2


@awkward("`torch.equal` in a condition", "the branch that was taken", rand(4),
         fresh=lambda: (torch.zeros(4),), rows=("baked-value",))
def equal_in_condition(x):
    if torch.equal(x, torch.zeros(4)):
        return x + 1
    return x * 2


@awkward("an index from `argmax`", "an index tensor is dataflow: no row",
         randn(5, 3))
def index_by_argmax(x):
    return x[x.sum(1).argmax().view(1)]


@awkward("an index from `argmax`, as a number",
         "the index is baked in", lambda: (torch.tensor([[1.0], [2], [3]]),),
         fresh=lambda: (torch.tensor([[3.0], [2], [1]]),),
         rows=("baked-value",))
def index_by_number(x):
    return x[x.sum(1).argmax()]


@awkward("`str(x)` and printing", "the text depends on the data, no tensor does",
         rand(4), rows=("baked-value",))
def formats(x):
    str(x)
    return x * 2


chapter("Python around the operators")


@awkward("recursion", "each call's operators are layers", rand(2, 4))
class Recursive(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x, depth=3):
        if depth == 0:
            return x
        return self.forward(self.linear(x).relu(), depth - 1)


@awkward("a module that calls itself", "the calls are numbered", rand(2, 4))
class CallsItself(Recursive):

    def forward(self, x, depth=3):
        return x if depth == 0 else self(self.linear(x), depth - 1)


@awkward("a generator", "what it has yielded is recorded", rand(6, 4))
class Generator(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def rows(self, x):
        for row in x:
            yield self.linear(row)

    def forward(self, x):
        return torch.stack(list(self.rows(x)))


@awkward("a dict as state between calls",
         "a cache that fills in the run: the module is left as it was",
         rand(2, 4))
class Cache(nn.Module):

    def __init__(self):
        super().__init__()
        self.cache = {}

    def forward(self, x):
        if "mask" not in self.cache:
            self.cache["mask"] = torch.tril(torch.ones(4, 4))
        return x @ self.cache["mask"]


@awkward("a tensor from the previous call",
         "what the attribute held is a constant; what the call leaves in it is "
         "not in the graph", rand(2, 4), rows=("unnamed-state",),
         without_place=True)
class Previous(nn.Module):

    def __init__(self):
        super().__init__()
        self.last = torch.zeros(2, 4)

    def forward(self, x):
        self.last.add_(x)
        return self.last * 2


_calls = [0]


@awkward("a global counter", "the branch of this call", rand(4))
def global_counter(x):
    _calls[0] += 1
    return x + 1


@awkward("an exception that forward swallows",
         "the operator that failed is no layer", rand(4))
def swallows(x):
    try:
        x @ torch.rand(7, 7)
    except RuntimeError:
        x = x + 1
    return x * 2


@awkward("an exception that a module raises and its parent swallows",
         "the module is left as the exception leaves it", rand(2, 4))
class SwallowsOfModule(nn.Module):

    def __init__(self):
        super().__init__()
        self.wrong = nn.Sequential(nn.ReLU(), nn.Linear(7, 7))
        self.right = nn.Linear(4, 4)

    def forward(self, x):
        with contextlib.suppress(RuntimeError):
            return self.wrong(x)
        return self.right(x)


@awkward("warnings", "they come as without us", rand(4))
def warns(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("an old thing")
    return x + 1


@awkward("a string, None and a large integer among the arguments",
         "constants of the graph, an `info` row each",
         lambda: (torch.rand(4), "gelu", None, 2**40))
def string_input(x, activation, mask, number):
    if mask is not None:
        x = x * mask
    return getattr(torch.nn.functional, activation)(x) + number


@awkward("an integer beyond 64 bits", "the IR has no type for it",
         lambda: (torch.rand(4), 2**80), raises="64 bits")
def huge_input(x, number):
    return x + number % 7


@awkward("NaN and infinity as attributes", "floats are kept bit by bit",
         randn(4, 4))
def nan_attributes(x):
    x = x.masked_fill(x < 0, float("-inf"))
    return torch.nan_to_num(x, nan=0.0, neginf=-1.0).clamp(max=float("inf"))


@awkward("an argument that is an object",
         "without tensors in it: an `info` row",
         lambda: (torch.rand(4), object()))
def object_input(x, _):
    return x + 1


@awkward("a result that is an object",
         "the conversion says what it cannot return", rand(4),
         raises="set")
def object_result(x):
    return {x + 1}


@awkward("a forward that raises", "the exception is the model's own", rand(4),
         raises="on purpose")
def raises(x):
    raise RuntimeError("on purpose")


@awkward("a dict with tensors for keys and values that are lists",
         "any nesting of what can be told",
         lambda: ({"a": [torch.rand(2), torch.rand(2)], "b": (3, None)},))
def nested(table):
    return {"sum": table["a"][0] + table["a"][1], "rest": [table["b"]]}


@awkward("einops-like reshapes", "sizes are numbers of the graph",
         rand(2, 6, 4))
def rearrange(x):
    b, n, c = x.shape
    x = x.reshape(b, n // 2, 2, c).permute(0, 2, 1, 3)
    return torch.einsum("bhnc,bhmc->bhnm", x, x).flatten(1)


@awkward("ModuleList, ModuleDict and ParameterList",
         "the paths are those of the state dict", rand(2, 4))
class Containers(nn.Module):

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "b": nn.Linear(4, 3)})
        self.scales = nn.ParameterList(nn.Parameter(torch.rand(4))
                                       for _ in range(3))

    def forward(self, x):
        for block, scale in zip(self.blocks, self.scales):
            x = block(x) * scale
        return {name: head(x) for name, head in self.heads.items()}


chapter("Random operators")


@awkward("random operators", "layers; the same seed gives the same numbers",
         rand(4, 4))
def random_operators(x):
    return torch.nn.functional.dropout(x) + torch.randn_like(x) + torch.rand(4)


@awkward("a draw from a distribution",
         "its operators are layers; its checks look at the data",
         lambda: (torch.rand(4) + 0.1,), rows=("baked-value",))
def distribution(x):
    return torch.distributions.Normal(x, 1.0).sample() + torch.bernoulli(
        torch.full((4,), 0.5))


@awkward("a generator of the program's own",
         "what it draws is a constant", rand(4), rows=("baked-random",))
def own_generator(x):
    generator = torch.Generator().manual_seed(3)
    return x + torch.rand(4, generator=generator)


@awkward("a generator of the program's own, in place",
         "what it draws is a constant", rand(4), rows=("baked-random",))
def own_generator_in_place(x):
    generator = torch.Generator().manual_seed(3)
    y = x * 2
    y[:2].uniform_(generator=generator)
    return y + 1


@awkward("Python's own random numbers", "a number like any other",
         rand(4), rows=("baked-random",), without_place=True)
def python_random(x):
    return x * random.random()


@awkward("NumPy's random numbers", "a constant like any other",
         rand(4), rows=("baked-random",), without_place=True)
def numpy_random(x):
    return x * torch.from_numpy(numpy.random.rand(4))


@awkward("`manual_seed` in forward",
         "what is drawn afterwards is a constant, with an `info` row", rand(4))
def seeds(x):
    torch.manual_seed(5)
    return x + torch.rand(4)


chapter("Higher-order operators, run eagerly")


@awkward("torch.cond", "the branch that was taken is in the graph",
         rand(4), fresh=lambda: (-torch.rand(4),), rows=("baked-value",))
def cond(x):
    return torch.cond(x.sum() > 0, lambda x: x.sin(), lambda x: x.cos(), (x,))


@awkward("torch.while_loop", "the loop is as long as it was",
         lambda: (torch.tensor(3), torch.rand(4)),
         fresh=lambda: (torch.tensor(6), torch.rand(4)), rows=("baked-value",))
def while_loop(n, x):
    from torch._higher_order_ops.while_loop import while_loop as loop
    return loop(lambda n, x: n > 0, lambda n, x: (n - 1, x * 2), (n, x))


@awkward("associative scan and scan", "unrolled", rand(5, 4))
def scan(x):
    from torch._higher_order_ops.scan import scan as torch_scan
    return torch_scan(lambda carry, y: (carry + y, carry * 2),
                      torch.zeros(4), x)


@awkward("torch.map", "unrolled", rand(5, 4))
def mapped(x):
    from torch._higher_order_ops.map import map as torch_map
    return torch_map(lambda row, bias: row.sin() + bias, x, torch.ones(4))


@made_by("FlexAttention", "its plain operators are layers",
         lambda: tuple(torch.rand(1, 2, 16, 8) for _ in range(3)))
def flex():
    from torch.nn.attention.flex_attention import flex_attention

    def attend(q, k, v):
        return flex_attention(q, k, v,
                              score_mod=lambda s, b, h, i, j: s + (i - j))

    return attend
