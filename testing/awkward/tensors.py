"""Tensors that are not plain, dense, contiguous and full."""

import torch
from torch import nn

from testing.awkward.case import awkward, chapter, made_by, rand, randn

chapter("Subclasses of Tensor")


class _Named(torch.Tensor):
    """Only a class: `as_subclass`."""


@awkward("an input that is a subclass without behaviour",
         "a tensor like any other; that the probe runs on plain ones shows as a "
         "branch", lambda: (torch.rand(4).as_subclass(_Named),),
         rows=("data-dependent-branch",))
def plain_subclass(x):
    return (x * 2).as_subclass(torch.Tensor)


class _Doubling(torch.Tensor):
    """Does something at __torch_function__."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        result = super().__torch_function__(func, types, args, kwargs)
        if func is torch.Tensor.add:
            result = result.as_subclass(torch.Tensor) * 2
        return result


@awkward("__torch_function__", "what it calls is recorded", rand(4))
def torch_function(x):
    return x.as_subclass(_Doubling).add(1).as_subclass(torch.Tensor)


class _Scaled(torch.Tensor):
    """Holds another tensor, and works at __torch_dispatch__."""

    @staticmethod
    def __new__(cls, inner, scale):
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, dtype=inner.dtype, device=inner.device)

    def __init__(self, inner, scale):
        self.inner, self.scale = inner, scale

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.detach.default:
            return cls(args[0].inner, args[0].scale)
        unwrapped = [
            arg.inner * arg.scale if isinstance(arg, cls) else arg
            for arg in args
        ]
        return func(*unwrapped, **(kwargs or {}))


@awkward("__torch_dispatch__, made in forward",
         "what it calls is recorded", rand(4))
def wrapper_subclass(x):
    return _Scaled(x, 3) + 1


@awkward("__torch_dispatch__ as a parameter",
         "the tensors within are constants", rand(4))
class WrapperParameter(nn.Module):

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(_Scaled(torch.rand(4), 3),
                                   requires_grad=False)

    def forward(self, x):
        return self.weight + x


@awkward("a mode of __torch_function__",
         "what it calls is recorded", rand(4))
def function_mode(x):
    from torch.overrides import TorchFunctionMode

    class Mode(TorchFunctionMode):

        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func is torch.sin:
                func = torch.cos
            return func(*args, **(kwargs or {}))

    with Mode():
        return torch.sin(x)


@awkward("a mode of __torch_dispatch__",
         "what it calls is recorded", rand(4))
def dispatch_mode(x):
    from torch.utils._python_dispatch import TorchDispatchMode

    class Mode(TorchDispatchMode):

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if func is torch.ops.aten.sin.default:
                func = torch.ops.aten.cos.default
            return func(*args, **(kwargs or {}))

    with Mode():
        return torch.sin(x)


@made_by("a default device", "a mode like another", rand(4))
def default_device():

    def model(x):
        with torch.device("cpu"):
            return x + torch.ones(4)

    return model


chapter("Layouts and dtypes")


@awkward("sparse COO within forward", "the IR has no type for it", rand(4, 4),
         rows=("tensor-without-type",),
         placeholders=("aten::_sparse_mm", "aten::to_sparse"))
def sparse(x):
    return torch.sparse.mm((x * (x > 0.5)).to_sparse(), x)


@awkward("a sparse weight", "the IR has no type for it", rand(4, 4),
         raises="adjacency.*Sparse")
class SparseWeight(nn.Module):

    def __init__(self):
        super().__init__()
        self.register_buffer("adjacency", torch.eye(4).to_sparse())

    def forward(self, x):
        return torch.sparse.mm(self.adjacency, x)


@awkward("sparse CSR within forward", "the IR has no type for it", rand(4, 4),
         rows=("tensor-without-type",), placeholders=("aten::to_sparse_csr",))
def sparse_csr(x):
    return x.to_sparse_csr() @ x


@awkward("a sparse input", "the IR has no type for it",
         lambda: (torch.eye(4).to_sparse(),), raises="sparse|layout|strided")
def sparse_input(x):
    return x.to_dense() + 1


@awkward("a sparse result", "the IR has no type for it", rand(4, 4),
         rows=("tensor-without-type",), placeholders=("aten::to_sparse",))
def sparse_result(x):
    return x.to_sparse()


@awkward("nested tensors, strided", "the IR has no type for them",
         lambda: (torch.rand(2, 4), torch.rand(3, 4)),
         rows=("tensor-without-type",),
         placeholders=("aten::_nested_tensor_from_tensor_list",
                       "aten::nested_to_padded_tensor"))
def nested(x, y):
    both = torch.nested.nested_tensor([x, y])
    return torch.nested.to_padded_tensor(both * 2, 0.0)


@awkward("nested tensors, jagged",
         "the operators on what they hold are layers; torch keeps offsets from "
         "one run to the next", lambda: (torch.rand(2, 4), torch.rand(3, 4)),
         rows=("not-repeatable",))
def jagged(x, y):
    both = torch.nested.as_nested_tensor([x, y], layout=torch.jagged)
    return (both * 2).values()


@awkward("masked tensors", "the operators on what they hold are layers",
         rand(4))
def masked(x):
    return torch.masked.sum(x, mask=x > 0.5)


@awkward("complex numbers", "kinds and dtypes of their own", rand(4, 4))
def complex_numbers(x):
    spectrum = torch.fft.rfft2(x)
    spectrum = spectrum * torch.polar(torch.ones(()), torch.tensor(0.5))
    return torch.fft.irfft2(spectrum, s=(4, 4)), spectrum.abs()


@awkward("conjugate and negative views", "lazy bits are resolved",
         randn(4, dtype=torch.complex64))
def conjugate(x):
    y = x.conj()
    return y, y.imag, x.T.conj().resolve_conj() * 2


@awkward("complex parameters and view_as_real", "writes go through the views",
         randn(4))
class ComplexParameter(nn.Module):

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, dtype=torch.complex64))

    def forward(self, x):
        y = self.weight * x
        torch.view_as_real(y)[:, 0] = 1
        y.imag.add_(2)
        return y


@awkward("quantised tensors", "scale and zero point are part of the type",
         rand(2, 4))
def quantized(x):
    y = torch.quantize_per_tensor(x, 0.1, 3, torch.quint8)
    return (y.dequantize() + 1, y.int_repr())


@awkward("a dynamically quantised linear", "its weights are unpacked",
         rand(2, 4))
class DynamicQuantized(nn.Module):

    def __init__(self):
        super().__init__()
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = torch.ao.quantization.quantize_dynamic(
                nn.Sequential(nn.Linear(4, 4), nn.ReLU()), {nn.Linear})

    def forward(self, x):
        return self.model(x)


@awkward("channels-last inputs", "strides are part of the type",
         lambda: (torch.rand(1, 3, 8, 8).to(memory_format=torch.channels_last),))
class ChannelsLast(nn.Module):

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)

    def forward(self, x):
        return self.conv(x).relu().flatten(1)


@awkward("inputs that are expanded, transposed and sliced",
         "strides are part of the type",
         lambda: (torch.rand(1, 4).expand(3, 4), torch.rand(4, 3).T,
                  torch.rand(6, 8)[::2, 1::2]))
def strided_inputs(x, y, z):
    return torch.sigmoid(x + y) * z.contiguous()


@awkward("zero-sized tensors", "types like any other",
         lambda: (torch.rand(0, 4), torch.rand(2, 4)))
class ZeroSized(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x, y):
        return (self.linear(x), torch.cat([x, y]), x.sum(0),
                self.linear(torch.cat([x, y])))


@awkward("0-d tensors", "types like any other",
         lambda: (torch.rand(()), torch.rand(4)))
def scalars(x, y):
    return x * 2, y * x, y.sum(), x.expand(3)


@awkward("integers, bools and double by promotion",
         "dtypes are those of the run",
         lambda: (torch.arange(4), torch.rand(4) > 0.5, torch.rand(4).double()))
def promotion(i, b, d):
    return i / 2, i + b, i * 1.5, d * i, ~b, i // 3, i % 3


@awkward("unsigned 16, 32 and 64 bit integers", "dtypes of their own",
         lambda: (torch.arange(4).to(torch.uint16),
                  torch.arange(4).to(torch.uint32)))
def unsigned(x, y):
    return x.to(torch.int32) + 1, y.view(torch.int32) + 1


@awkward("`view(dtype)`", "a view of the bytes", rand(4))
def view_dtype(x):
    y = (x * 2).view(torch.int32)
    return y, (y + 1).view(torch.float32)


@awkward("`set_` with a storage", "the IR has no type for a storage", rand(4),
         rows=("argument-without-type",))
def resized(x):
    y = x * 2
    z = torch.zeros(2)
    z.set_(y.untyped_storage(), 1, (2,), (1,))
    z.add_(1)
    return y, z


@awkward("`out=` with a tensor that grows", "the tensor is another afterwards",
         rand(4))
def out_resizes(x):
    out = torch.empty(0)
    torch.add(x, 1, out=out)
    return out * 2


@awkward("as_strided over a tensor, and a write",
         "the write reaches every view", rand(6))
def as_strided(x):
    y = x * 2
    windows = y.as_strided((4, 3), (1, 1))
    y[2] = 5
    return windows.sum(1), windows


@awkward("tensors as dict keys and in sets", "identity is Python's", rand(4))
def identity(x):
    y = x * 2
    return {y: 1} and torch.stack(list(dict.fromkeys([x, y, x])))
