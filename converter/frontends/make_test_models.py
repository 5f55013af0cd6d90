"""Makes the files that torchscript_test reads, into one folder.

Lines matter: the test looks for those that are marked.
"""

import os
import sys
import warnings
from typing import Dict, List, Optional, Tuple

import torch
from torch import nn


class Block(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)

    def forward(self, x):
        return self.finish(self.linear(x))

    def finish(self, x):
        return torch.relu_(self.norm(x))  # LINE finish

    @torch.jit.export
    def half(self, x):
        return self.linear(x) * 0.5


class Net(nn.Module):
    """Loops, consecutive calls, a module called twice, methods, tied weights."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        self.head = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.head.weight

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = self.blocks[0](x)
        x = x + 1  # LINE net
        return self.tied(self.head(x))


class Methods(nn.Module):
    """Calls a method of another module that is not its forward."""

    def __init__(self):
        super().__init__()
        self.block = Block()

    def forward(self, x):
        return self.block.half(x)


class Nested(nn.Module):
    """Arguments in containers, by name, and with defaults."""

    def forward(
        self,
        pair: Tuple[torch.Tensor, List[torch.Tensor]],
        named: Dict[str, torch.Tensor],
        scale: float = 2.0,
        bias: Optional[torch.Tensor] = None,
    ) -> Dict[str, torch.Tensor]:
        x = pair[0] + pair[1][0] + named["z"]
        if bias is not None:
            x = x + bias
        return {"out": x * scale}


class Forks(nn.Module):
    """The rest of forward runs on another thread after wait."""

    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 4)
        self.right = nn.Linear(4, 4)
        self.last = nn.Linear(4, 4)

    def forward(self, x):
        future = torch.jit.fork(self.left, x)
        y = self.right(x)
        return self.last(torch.jit.wait(future) + y)


class Keeps(nn.Module):
    """Changes all kinds of state."""

    def __init__(self):
        super().__init__()
        self.register_buffer("counter", torch.zeros(1))
        self.seen: List[int] = [1]
        self.calls = 0

    def forward(self, x):
        self.counter += 1
        self.seen.append(2)
        self.calls += 1
        return x + self.counter + len(self.seen) + self.calls + torch.rand(1)


class Fails(nn.Module):

    def __init__(self):
        super().__init__()
        self.inner = Block()

    def forward(self, x):
        return self.inner(x)


class Raises(nn.Module):

    def forward(self, x):
        if x.size(0) != 3:
            raise ValueError("three rows, please")
        return x


class Sizes(nn.Module):
    """Shape arithmetic that tracing turns into tensors."""

    def forward(self, x):
        half = x.size(1) // 2
        return x.view(x.size(0), 2, half).transpose(1, 2).reshape(x.size(0), -1)


class Item(nn.Module):

    def forward(self, x):
        return x * x.sum().item()  # LINE item


library = torch.library.Library("nolib", "DEF")
library.define("swish(Tensor x) -> Tensor")


class UnknownOperator(nn.Module):
    """Calls an operator that only this process has."""

    def forward(self, x):
        return torch.ops.nolib.swish(x)


def main(folder):
    warnings.simplefilter("ignore")  # that TorchScript is deprecated
    torch.manual_seed(0)
    x = torch.randn(2, 4)

    def path(name):
        return os.path.join(folder, name)

    for name, model in [
        ("net", Net()),
        ("methods", Methods()),
        ("nested", Nested()),
        ("forks", Forks()),
        ("keeps", Keeps()),
        ("fails", Fails()),
        ("raises", Raises()),
        ("item", Item()),
        ("unknown_operator", UnknownOperator()),
    ]:
        torch.jit.script(model.eval()).save(path(name + ".pt"))
    torch.jit.trace(Net().eval(), x).save(path("net_traced.pt"))
    torch.jit.trace(Sizes(), x).save(path("sizes_traced.pt"))
    torch.save(Net().state_dict(), path("state_dict.pt"))
    torch.save(nn.Sequential(nn.Linear(2, 2)), path("pickled.pt"))
    torch.save(
        nn.Sequential(nn.Linear(2, 2)),
        path("legacy.pt"),
        _use_new_zipfile_serialization=False,
    )


if __name__ == "__main__":
    main(sys.argv[1])
