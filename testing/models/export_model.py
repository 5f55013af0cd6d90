"""Writes a torchvision model as TorchScript, scripted and traced.

    export_model.py --model=resnet18 --input=1x3x64x64 \
        --scripted=OUT.pt --traced=OUT.pt

Weights are random, but the same at every run, and no layer is trivial: batch
norm has statistics of its own, so that a layer that is lost or applied twice
changes the result.
"""

import argparse
import warnings

import torch
import torchvision


def make_model(name):
    """The model in evaluation mode, with weights that only depend on its name."""
    torch.manual_seed(sum(map(ord, name)))
    options = {}
    if name in ("googlenet", "inception_v3"):
        # As with pretrained weights; the initialisation takes minutes otherwise.
        options = {"transform_input": True, "init_weights": False}
    model = torchvision.models.get_model(name, weights=None, **options)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
    return model.eval()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--input", required=True, help="1x3x64x64")
    parser.add_argument("--scripted", required=True)
    parser.add_argument("--traced", required=True)
    arguments = parser.parse_args()

    # TorchScript is deprecated, which is no news.
    warnings.filterwarnings("ignore")
    model = make_model(arguments.model)
    shape = [int(size) for size in arguments.input.split("x")]
    with torch.no_grad():
        torch.jit.script(model).save(arguments.scripted)
        torch.jit.trace(model, torch.rand(shape)).save(arguments.traced)


if __name__ == "__main__":
    main()
