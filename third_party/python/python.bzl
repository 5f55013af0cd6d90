"""@flextorchir_python: the Python that py_binary and py_test run with.

It is the one that torch is installed for, else the `python3` on PATH. Apart
from @libtorch, so that what needs no LibTorch builds where there is none.
"""

load("//third_party/libtorch:find_torch.bzl", "TORCH_VARIABLES", "find_torch")

def _python_repository_impl(repository_ctx):
    python = find_torch(repository_ctx).python
    repository_ctx.template("BUILD.bazel", repository_ctx.attr.build_file, {
        "%{interpreter}": python.executable if python else "/usr/bin/python3",
    })

python_repository = repository_rule(
    implementation = _python_repository_impl,
    doc = "A toolchain for Python, `:toolchain`.",
    configure = True,
    environ = TORCH_VARIABLES,
    local = True,
    attrs = {
        "build_file": attr.label(
            default = Label("//third_party/python:python.BUILD"),
            allow_single_file = True,
        ),
    },
)
