"""Declares what FlexTorchIR depends on, under upstream's own names.

Each dependency is declared only if no repository of that name exists yet: a
workspace that brings its own Abseil, Protocol Buffers, ... defines it before it
calls `flextorchir_dependencies()`, and nothing else changes.
"""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")
load("//third_party:system_library.bzl", "system_library")
load("//third_party/absl:absl.bzl", "system_absl")
load("//third_party/bazel_rules:bazel_rules.bzl", "installed_bazel_rules")
load("//third_party/libtorch:libtorch.bzl", "libtorch_repository")
load("//third_party/python:python.bzl", "python_repository")

_FIRST_BAZEL = 4

def _label(path):
    return str(Label("//third_party/" + path))

def flextorchir_dependencies(python_toolchain = True):
    """Declares every repository that the BUILD files of FlexTorchIR name.

    Args:
      python_toolchain: whether py_binary and py_test shall run with the Python
        that torch is installed for; no, if you register one that has torch.
    """
    _check_bazel()
    _bazel_rules()

    maybe(system_absl, name = "com_google_absl")

    maybe(
        system_library,
        name = "com_google_protobuf",
        build_file = _label("protobuf:system.BUILD"),
        header = "google/protobuf/message.h",
        include_folders = ["google/protobuf"],
        programs = ["protoc"],
        packages = ["libprotobuf-dev", "protobuf-compiler"],
    )

    maybe(
        system_library,
        name = "com_github_google_flatbuffers",
        build_file = _label("flatbuffers:system.BUILD"),
        header = "flatbuffers/flatbuffers.h",
        programs = ["flatc"],
        packages = ["libflatbuffers-dev", "flatbuffers-compiler"],
    )

    maybe(
        system_library,
        name = "com_google_googletest",
        build_file = _label("googletest:system.BUILD"),
        header = "gtest/gtest.h",
        packages = ["libgtest-dev", "libgmock-dev"],
    )

    maybe(
        system_library,
        name = "com_github_google_benchmark",
        build_file = _label("benchmark:system.BUILD"),
        header = "benchmark/benchmark.h",
        packages = ["libbenchmark-dev"],
    )

    maybe(
        system_library,
        name = "nlohmann_json",
        build_file = _label("nlohmann_json:system.BUILD"),
        header = "nlohmann/json.hpp",
        packages = ["nlohmann-json3-dev"],
    )

    maybe(
        system_library,
        name = "xxhash",
        build_file = _label("xxhash:system.BUILD"),
        header = "xxhash.h",
        packages = ["libxxhash-dev"],
    )

    maybe(libtorch_repository, name = "libtorch")

    maybe(python_repository, name = "flextorchir_python")
    if python_toolchain:
        native.register_toolchains("@flextorchir_python//:toolchain")

def _check_bazel():
    # Empty in Debian's Bazel, which is a 4.2.3.
    version = getattr(native, "bazel_version", "")
    major = version.split(".")[0]
    if major.isdigit() and int(major) < _FIRST_BAZEL:
        fail("FlexTorchIR needs Bazel {}.2 or later; this is {}.".format(_FIRST_BAZEL, version))

def _bazel_rules():
    """The rule sets that a released Bazel downloads by itself.

    Debian's Bazel, which has no version number and no network, finds them among
    Debian's packages instead.
    """
    if getattr(native, "bazel_version", ""):
        return
    maybe(
        system_library,
        name = "rules_cc",
        build_file = _label("rules_cc:rules_cc.BUILD"),
        files = {
            _label("rules_cc:defs.BUILD"): "cc/BUILD",
            _label("rules_cc:defs.bzl.in"): "cc/defs.bzl",
        },
    )
    maybe(
        installed_bazel_rules,
        name = "rules_java",
        path = "/usr/share/bazel/rules/java",
        package = "bazel-rules-java",
    )
    maybe(
        installed_bazel_rules,
        name = "rules_proto",
        path = "/usr/share/bazel/rules/proto",
        package = "bazel-rules-proto",
    )
    maybe(
        installed_bazel_rules,
        name = "platforms",
        path = "/usr/share/bazel/tools/platforms",
        package = "bazel-platforms",
    )
    maybe(
        installed_bazel_rules,
        name = "bazel_skylib",
        path = "/usr/share/bazel/tools/skylib",
        package = "bazel-skylib",
    )
    maybe(
        system_library,
        name = "remote_coverage_tools",
        build_file = _label("remote_coverage_tools:remote_coverage_tools.BUILD"),
    )
