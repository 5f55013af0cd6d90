"""A test of models of torchvision, converted from Python."""

def zoo_test(name, models):
    """Runs zoo.py on `models`; the log says which of them fail.

    Args:
      name: the test's.
      models: names of torchvision.models.list_models(). Several share the seconds
        that torch takes to import; each runs in a process of its own.
    """
    native.py_test(
        name = name,
        size = "large",
        srcs = [
            "conversion_check.py",
            "zoo.py",
        ],
        args = ["--models=" + ",".join(models)],
        main = "zoo.py",
        python_version = "PY3",
        deps = ["//python:flextorchir"],
    )
