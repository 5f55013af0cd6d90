"""Finds an installed torch: a pip package or an unpacked LibTorch.

The first of these that holds one is taken:

1. the folder FLEXTORCHIR_LIBTORCH (with include/ and lib/),
2. the torch of the Python interpreter FLEXTORCHIR_PYTHON,
3. the torch of the `python3` on PATH,
4. the torch of <workspace>/.venv, which ./bazelw makes; when FlexTorchIR is an
   external repository, the .venv of FlexTorchIR's own folder comes next.

What was named (1, 2) must hold a usable one; of the others the first with a
supported version is taken. torch is never imported for this.
"""

# The supported versions of torch: from the first, to before the second. bazelw
# reads this line too.
TORCH_VERSIONS = ["2.13", "2.15"]

# What a repository rule that calls find_torch() lists in `environ`.
TORCH_VARIABLES = ["FLEXTORCHIR_LIBTORCH", "FLEXTORCHIR_PYTHON", "PATH"]

_VERSION_HEADER = "include/torch/headeronly/version.h"

# Prints, one a line: torch's folder, the interpreter, its include folder, its
# library's folder and the name to link it by.
_ASK_PYTHON = """
import importlib.util, sys, sysconfig
spec = importlib.util.find_spec("torch")
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else "")
print(sys.executable)
print(sysconfig.get_paths()["include"])
print(sysconfig.get_config_var("LIBDIR") or "")
print("python" + (sysconfig.get_config_var("LDVERSION") or ""))
"""

def _number(text):
    digits = ""
    for char in text.elems():
        if not char.isdigit():
            break
        digits += char
    return int(digits) if digits else 0

def _version_key(version):
    return [_number(part) for part in version.split(".")[:2]]

def _is_supported(version):
    key = _version_key(version)
    return _version_key(TORCH_VERSIONS[0]) <= key and key < _version_key(TORCH_VERSIONS[1])

def _torch_version(repository_ctx, folder):
    """The version of the LibTorch in `folder`, or None where there is none."""
    header = repository_ctx.path(folder + "/" + _VERSION_HEADER)
    if not header.exists:
        # Where older versions, all of them too old, have it.
        header = repository_ctx.path(folder + "/include/torch/csrc/api/include/torch/version.h")
        if not header.exists:
            return None
    parts = {"MAJOR": "0", "MINOR": "0", "PATCH": "0"}
    for line in repository_ctx.read(header).splitlines():
        words = line.split(" ")
        if len(words) == 3 and words[0] == "#define" and words[1].startswith("TORCH_VERSION_"):
            parts[words[1][len("TORCH_VERSION_"):]] = words[2]
    return "{MAJOR}.{MINOR}.{PATCH}".format(**parts)

def _ask_python(repository_ctx, python):
    """What `python` knows, as a struct, or None if it cannot be run."""
    result = repository_ctx.execute([python, "-c", _ASK_PYTHON])
    lines = result.stdout.splitlines()
    if result.return_code != 0 or len(lines) != 5:
        return None
    return struct(
        torch = lines[0],
        executable = lines[1],
        include = lines[2],
        library_folder = lines[3],
        library = lines[4],
    )

def _workspaces(repository_ctx):
    """The folders in which ./bazelw may have made a .venv."""
    workspaces = []

    # Bazel notes the main workspace there, and before version 6 nowhere else.
    note = repository_ctx.path("../../DO_NOT_BUILD_HERE")
    if note.exists:
        workspaces.append(repository_ctx.path(repository_ctx.read(note).strip()))
    own = repository_ctx.path(Label("//third_party:deps.bzl")).realpath.dirname.dirname
    if str(own) not in [str(workspace) for workspace in workspaces]:
        workspaces.append(own)
    return workspaces

def _found(folder, python):
    return struct(folder = folder, python = python, problem = None)

def _not_found(problem, python = None):
    return struct(folder = None, python = python, problem = problem)

def find_torch(repository_ctx):
    """Looks for torch; see the top of this file.

    Args:
      repository_ctx: that of a repository rule with TORCH_VARIABLES in `environ`.

    Returns:
      A struct of `folder` (torch's own, or None), `python` (what the interpreter
      that goes with it says: `executable`, `include`, `library_folder`,
      `library`; or None) and `problem` (why `folder` is None).
    """
    environ = repository_ctx.os.environ
    named_folder = environ.get("FLEXTORCHIR_LIBTORCH")
    named_python = environ.get("FLEXTORCHIR_PYTHON")
    path_python = repository_ctx.which("python3")

    if named_folder:
        python = named_python or path_python
        python = _ask_python(repository_ctx, python) if python else None
        version = _torch_version(repository_ctx, named_folder)
        if not version:
            return _not_found("FLEXTORCHIR_LIBTORCH={} holds no LibTorch".format(named_folder), python)
        if not _is_supported(version):
            return _not_found("FLEXTORCHIR_LIBTORCH={} holds version {}".format(named_folder, version), python)
        return _found(named_folder, python)

    if named_python:
        python = _ask_python(repository_ctx, named_python)
        if not python:
            return _not_found("FLEXTORCHIR_PYTHON={} cannot be run".format(named_python))
        version = _torch_version(repository_ctx, python.torch) if python.torch else None
        if not version:
            return _not_found("FLEXTORCHIR_PYTHON={} has no torch".format(named_python), python)
        if not _is_supported(version):
            return _not_found("FLEXTORCHIR_PYTHON={} has torch {}".format(named_python, version), python)
        return _found(python.torch, python)

    candidates = [path_python] if path_python else []
    for workspace in _workspaces(repository_ctx):
        candidates.append(workspace.get_child(".venv").get_child("bin").get_child("python3"))
    first = None
    problems = []
    for candidate in candidates:
        if not candidate.exists:
            continue
        python = _ask_python(repository_ctx, str(candidate))
        if not python:
            continue
        version = _torch_version(repository_ctx, python.torch) if python.torch else None
        if version and _is_supported(version):
            return _found(python.torch, python)
        first = first or python
        problems.append("{} has {}".format(candidate, "torch " + version if version else "no torch"))
    return _not_found("no usable torch found ({})".format("; ".join(problems) or "no python3 on PATH"), first)
