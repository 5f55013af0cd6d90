"""@com_google_absl over an installed Abseil.

Targets have upstream's names. All of them link the same list of shared
libraries, of which the linker keeps those that are used (--as-needed): the
installed libraries know their own dependencies.
"""

load("//third_party:system_library.bzl", "require_header")

_PACKAGES = ["libabsl-dev"]

# Package -> public targets.
_TARGETS = {
    "algorithm": ["algorithm", "container"],
    "base": [
        "base",
        "config",
        "core_headers",
        "dynamic_annotations",
        "endian",
        "log_severity",
        "no_destructor",
        "nullability",
        "prefetch",
    ],
    "cleanup": ["cleanup"],
    "container": [
        "btree",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "inlined_vector",
        "node_hash_map",
        "node_hash_set",
    ],
    "debugging": ["failure_signal_handler", "leak_check", "stacktrace", "symbolize"],
    "flags": [
        "commandlineflag",
        "config",
        "flag",
        "marshalling",
        "parse",
        "reflection",
        "usage",
        "usage_config",
    ],
    "functional": ["any_invocable", "bind_front", "function_ref"],
    "hash": ["hash"],
    "memory": ["memory"],
    "meta": ["type_traits"],
    "numeric": ["bits", "int128"],
    "random": ["bit_gen_ref", "distributions", "random", "seed_sequences"],
    "status": ["status", "statusor"],
    "strings": ["cord", "str_format", "string_view", "strings"],
    "synchronization": ["synchronization"],
    "time": ["civil_time", "time"],
    "types": ["any", "compare", "optional", "span", "variant"],
    "utility": ["utility"],
}

_LIBRARY_FOLDERS = ["/usr/local/lib", "/usr/lib/{}-linux-gnu", "/usr/lib64", "/usr/lib"]

def _installed_libraries(repository_ctx):
    machine = repository_ctx.execute(["uname", "-m"]).stdout.strip()
    for folder in _LIBRARY_FOLDERS:
        path = repository_ctx.path(folder.format(machine))
        if not path.exists:
            continue
        names = [
            entry.basename[len("lib"):-len(".so")]
            for entry in path.readdir()
            if entry.basename.startswith("libabsl_") and entry.basename.endswith(".so")
        ]
        if names:
            return sorted(names)
    return []

def _system_absl_impl(repository_ctx):
    require_header(repository_ctx, "absl/base/config.h", _PACKAGES)
    libraries = _installed_libraries(repository_ctx)
    if not libraries:
        fail(("@{}: no libabsl_*.so found: run ./bazelw, or install the package `{}`, or " +
              "declare @{} before flextorchir_dependencies().").format(
            repository_ctx.name,
            _PACKAGES[0],
            repository_ctx.name,
        ))
    linkopts = (["-Wl,--push-state,--as-needed"] +
                ["-l" + name for name in libraries] +
                ["-Wl,--pop-state", "-pthread"])
    repository_ctx.file("BUILD.bazel", """\
load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "installed",
    linkopts = {},
    visibility = ["//:__subpackages__"],
)
""".format(repr(linkopts)))
    for package, targets in _TARGETS.items():
        repository_ctx.file(
            "absl/{}/BUILD.bazel".format(package),
            """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])
""" + "".join([
                """
cc_library(
    name = "{}",
    deps = ["//:installed"],
)
""".format(target)
                for target in targets
            ]),
        )

system_absl = repository_rule(
    implementation = _system_absl_impl,
    doc = "The installed Abseil under the names of its upstream's BUILD files.",
    local = True,
)
