"""Finds out when a forward hands out the memory of a tensor.

Whoever has it (NumPy) can write to it without an operator.
"""

import contextlib
import functools

import torch


@contextlib.contextmanager
def told(events):
    """While it is entered, `events.share(tensor)` is called for each such tensor."""

    def sharing(method):

        @functools.wraps(method)
        def call(tensor, *args, **kwargs):
            result = method(tensor, *args, **kwargs)
            events.share(tensor)
            return result

        return call

    names = ("numpy", "__dlpack__")
    originals = [vars(torch.Tensor).get(name) for name in names]
    for name in names:
        setattr(torch.Tensor, name, sharing(getattr(torch.Tensor, name)))
    try:
        yield
    finally:
        for name, original in zip(names, originals):
            if original is None:
                delattr(torch.Tensor, name)
            else:
                setattr(torch.Tensor, name, original)
