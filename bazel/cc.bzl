"""The C++ rules of FlexTorchIR, and the one place of its compiler flags.

    load("//bazel:cc.bzl", "flextorchir_cc_library", "flextorchir_cc_test")

They are cc_library, cc_binary and cc_test with these additions:

* Every header is included as "flextorchir/PACKAGE/header.h", in this repository
  and from others, public (`hdrs`) and private (in `srcs`) ones alike.
* `torch = True` for a target whose own sources include LibTorch: adds the
  dependency and what its headers need of the compiler.
* `std`: the C++ standard; "c++17" for the IR SDK, which promises to compile
  with it, else "c++20", which LibTorch's headers need.
* Warnings are errors in this repository, not where it is an external one: a
  company's compiler may be newer than ours.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

_WARNINGS = [
    "-Wall",
    "-Wextra",
    # Many indices of ATen are signed and many of the standard library are not.
    "-Wno-sign-compare",
    # A designated initializer that leaves a member at its default is fine.
    "-Wno-missing-field-initializers",
    # g++ 12 reports these wrongly within the standard library when it inlines.
    "-Wno-array-bounds",
    "-Wno-maybe-uninitialized",
    "-Wno-restrict",
    "-Wno-stringop-overflow",
    "-Wno-stringop-overread",
]

_HEADER_SUFFIXES = (".h", ".inc")

def _copts(std):
    copts = ["-std=" + std] + _WARNINGS
    if native.repository_name() == "@":
        copts.append("-Werror")
    return copts

def _include_prefix():
    package = native.package_name()
    return "flextorchir/" + package if package else "flextorchir"

def _torch_deps(torch):
    return ["@libtorch//:torch"] if torch else []

def _torch_defines(torch):
    # at::RecordFunction has one more member without NDEBUG, in any mode.
    return ["NDEBUG"] if torch else []

def _split_headers(name, srcs, deps, testonly):
    """Takes the private headers out of `srcs` and puts them into a library.

    Only a header in `hdrs` of a library can be included by the prefixed name.
    Returns the rest of `srcs`, and what to add to `deps`.
    """
    headers = [src for src in srcs if src.endswith(_HEADER_SUFFIXES)]
    if not headers:
        return srcs, []
    cc_library(
        name = name + ".private_headers",
        hdrs = headers,
        include_prefix = _include_prefix(),
        linkstatic = True,
        tags = ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
        deps = deps,
    )
    return [src for src in srcs if src not in headers], [":" + name + ".private_headers"]

def _rule(rule, name, srcs, deps, copts, local_defines, torch, std, **kwargs):
    deps = deps + [dep for dep in _torch_deps(torch) if dep not in deps]
    srcs, header_deps = _split_headers(name, srcs, deps, kwargs.get("testonly", rule == cc_test))
    rule(
        name = name,
        srcs = srcs,
        copts = _copts(std) + copts,
        local_defines = _torch_defines(torch) + local_defines,
        deps = header_deps + deps,
        **kwargs
    )

def flextorchir_cc_library(
        name,
        srcs = [],
        hdrs = [],
        deps = [],
        copts = [],
        local_defines = [],
        torch = False,
        std = "c++20",
        **kwargs):
    """A cc_library of FlexTorchIR; see the top of this file.

    Args:
      name: as in cc_library.
      srcs: sources and private headers; a list, not a select().
      hdrs: as in cc_library; included as "flextorchir/PACKAGE/header.h".
      deps: as in cc_library.
      copts: added to the flags that all of our code has.
      local_defines: as in cc_library.
      torch: whether these sources include LibTorch.
      std: the C++ standard.
      **kwargs: passed on to cc_library.
    """
    kwargs.setdefault("linkstatic", True)
    _rule(
        cc_library,
        name,
        srcs,
        deps,
        copts,
        local_defines,
        torch,
        std,
        hdrs = hdrs,
        include_prefix = _include_prefix(),
        **kwargs
    )

def flextorchir_cc_binary(
        name,
        srcs = [],
        deps = [],
        copts = [],
        local_defines = [],
        torch = False,
        std = "c++20",
        **kwargs):
    """A cc_binary of FlexTorchIR; arguments as in flextorchir_cc_library."""
    _rule(cc_binary, name, srcs, deps, copts, local_defines, torch, std, **kwargs)

def flextorchir_cc_test(
        name,
        srcs = [],
        deps = [],
        copts = [],
        local_defines = [],
        torch = False,
        std = "c++20",
        **kwargs):
    """A cc_test of FlexTorchIR; arguments as in flextorchir_cc_library.

    Its size is "small" (a minute) unless it says so, or "medium" with torch.
    """
    kwargs.setdefault("linkstatic", True)
    kwargs.setdefault("size", "medium" if torch else "small")
    _rule(cc_test, name, srcs, deps, copts, local_defines, torch, std, **kwargs)
