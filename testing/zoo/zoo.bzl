"""A test of one model of torchvision, converted from Python."""

def zoo_test(name, model):
    """Runs zoo.py on `model`.

    Args:
      name: the test's.
      model: a name of torchvision.models.list_models().
    """
    native.py_test(
        name = name,
        size = "large",
        srcs = ["zoo.py"],
        args = ["--models=" + model],
        main = "zoo.py",
        python_version = "PY3",
        deps = ["//python:flextorchir"],
    )
