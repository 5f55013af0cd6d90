"""Converts every model of torchvision and checks each conversion by running it.

    bazel run //testing/zoo -- [--models=resnet18,vit_b_16] [--table=PATH.md]
        [--results=PATH.jsonl]

See conversion_check.py for what is checked. The exit status is 0 if all is well.
"""

import sys

import conversion_check

EXCEPTIONS = [
    ("maskrcnn", "baked-value", "pastes masks at boxes that it reads as numbers"),
    # With other numbers, the sizes of what they found are others.
    *[(detector, "data-dependent-branch", "has sizes that depend on what it finds")
      for detector in ("fasterrcnn", "fcos", "keypointrcnn", "maskrcnn",
                       "retinanet", "ssd")],
]

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


def make(name):
    import torch
    import torchvision

    torch.manual_seed(0)
    options = {"weights": None}
    builder = torchvision.models.get_model_builder(name)
    if name.startswith("quantized_"):
        options["quantize"] = True
    if any(word in name for word in ("rcnn", "fcos", "retinanet", "ssd", "fcn",
                                     "deeplab", "lraspp")):
        options["weights_backbone"] = None
    if name.removeprefix("quantized_") in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    model = builder(**options).eval()
    # Trained models differ from channel to channel; an even one hides mistakes.
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model, inputs_of(name, torch), {}


def torchvision_library():
    import torch
    import torchvision

    import flextorchir  # pylint: disable=unused-import

    library = conversion_check.Library(
        command="bazel run //testing/zoo -- --table=docs/zoo.md",
        title="torchvision's models",
        introduction="Every model of torchvision, converted from Python with random "
        "weights",
        names=torchvision.models.list_models(),
        make=make,
        exceptions=EXCEPTIONS,
    )
    return library, f"torch {torch.__version__}, torchvision {torchvision.__version__}"


if __name__ == "__main__":
    sys.exit(conversion_check.main({"torchvision": torchvision_library}))
