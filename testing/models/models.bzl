"""torchvision's models as TorchScript files, made when they are needed."""

load("//bazel:cc.bzl", "flextorchir_cc_test")

# Model -> the input it is traced and tested with: as small as it goes without
# losing a layer, but for ResNet-50, which is what people look at.
MODELS = {
    "alexnet": "1x3x64x64",
    "densenet121": "1x3x64x64",
    "googlenet": "1x3x64x64",
    "inception_v3": "1x3x96x96",
    "mnasnet1_0": "1x3x64x64",
    "mobilenet_v2": "1x3x64x64",
    "resnet18": "2x3x64x64",
    "resnet50": "1x3x224x224",
    "resnext50_32x4d": "1x3x64x64",
    "shufflenet_v2_x1_0": "1x3x64x64",
    "squeezenet1_1": "1x3x64x64",
    "vgg11_bn": "1x3x64x64",
    "wide_resnet50_2": "1x3x64x64",
}

def torchvision_model(name, input):
    """NAME.scripted.pt and NAME.traced.pt, together `name`.

    Args:
      name: a name of torchvision.models.list_models().
      input: the shape it is traced with, "1x3x224x224".
    """
    native.genrule(
        name = name,
        outs = [
            name + ".scripted.pt",
            name + ".traced.pt",
        ],
        cmd = " ".join([
            "$(execpath :export_model)",
            "--model=" + name,
            "--input=" + input,
            "--scripted=$(@D)/{}.scripted.pt".format(name),
            "--traced=$(@D)/{}.traced.pt".format(name),
        ]),
        exec_tools = [":export_model"],
        message = "Exporting torchvision's " + name,
        visibility = ["//visibility:public"],
    )

def model_conformance_test(name, model, input):
    """Tests `model`, a torchvision_model, in every frontend and format."""
    files = [model + ".scripted.pt", model + ".traced.pt"]
    flextorchir_cc_test(
        name = name,
        size = "large",
        args = [
            "--model=" + model,
            "--input=" + input,
            "--files=" + ",".join(["$(rootpath {})".format(file) for file in files]),
        ],
        data = files,
        deps = ["//testing:model_conformance_main"],
    )
