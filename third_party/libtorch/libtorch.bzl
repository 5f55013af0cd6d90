"""@libtorch over an installed torch: a pip package or an unpacked LibTorch.

The first of these that holds one is taken:

1. the folder FLEXTORCHIR_LIBTORCH (with include/ and lib/),
2. the torch of the Python interpreter FLEXTORCHIR_PYTHON,
3. the torch of the `python3` on PATH,
4. the torch of <workspace>/.venv, which ./bazelw makes; when FlexTorchIR is an
   external repository, the .venv of FlexTorchIR's own folder comes next.

A location that was named (1, 2) must hold a usable one; of the others the first
with a supported version is taken. torch is never imported for this.
"""

# The supported versions of torch: from the first, to before the second. bazelw
# reads this line too.
TORCH_VERSIONS = ["2.13", "2.15"]

_VARIABLES = ["FLEXTORCHIR_LIBTORCH", "FLEXTORCHIR_PYTHON", "PATH"]

# Only what is LibTorch's own: the include folder also has copies of other
# libraries, among them Protocol Buffers.
_INCLUDES = ["ATen", "c10", "caffe2", "torch"]

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
        # Versions before 2.9 have it elsewhere; any that is found is too old.
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
    main = getattr(repository_ctx, "workspace_root", None)
    if not main:
        main = repository_ctx.path(Label("@//:WORKSPACE")).dirname
    own = repository_ctx.path(Label("//third_party:deps.bzl")).realpath.dirname.dirname
    return [main, own] if str(main) != str(own) else [main]

def _fail(repository_ctx, problem):
    fail(("@{}: {}. Run ./bazelw, which installs one into .venv, or set FLEXTORCHIR_PYTHON to a " +
          "python3 with torch>={},<{} or FLEXTORCHIR_LIBTORCH to an unpacked LibTorch.").format(
        repository_ctx.name,
        problem,
        TORCH_VERSIONS[0],
        TORCH_VERSIONS[1],
    ))

def _find(repository_ctx):
    """Returns (torch's folder, what its Python knows or None)."""
    environ = repository_ctx.os.environ
    path_python = repository_ctx.which("python3")

    folder = environ.get("FLEXTORCHIR_LIBTORCH")
    named_python = environ.get("FLEXTORCHIR_PYTHON")
    if folder:
        version = _torch_version(repository_ctx, folder)
        if not version:
            _fail(repository_ctx, "FLEXTORCHIR_LIBTORCH={} holds no LibTorch".format(folder))
        if not _is_supported(version):
            _fail(repository_ctx, "FLEXTORCHIR_LIBTORCH={} holds version {}".format(folder, version))
        python = named_python or path_python
        return folder, _ask_python(repository_ctx, python) if python else None

    if named_python:
        python = _ask_python(repository_ctx, named_python)
        version = _torch_version(repository_ctx, python.torch) if python and python.torch else None
        if not version:
            _fail(repository_ctx, "FLEXTORCHIR_PYTHON={} has no torch".format(named_python))
        if not _is_supported(version):
            _fail(repository_ctx, "FLEXTORCHIR_PYTHON={} has torch {}".format(named_python, version))
        return python.torch, python

    seen = []
    candidates = [path_python] if path_python else []
    for workspace in _workspaces(repository_ctx):
        candidates.append(workspace.get_child(".venv").get_child("bin").get_child("python3"))
    for candidate in candidates:
        if not candidate.exists:
            continue
        python = _ask_python(repository_ctx, str(candidate))
        version = _torch_version(repository_ctx, python.torch) if python and python.torch else None
        if version and _is_supported(version):
            return python.torch, python
        seen.append("{} has {}".format(candidate, "torch " + version if version else "no torch"))
    _fail(repository_ctx, "no usable torch found ({})".format("; ".join(seen) or "no python3 on PATH"))
    return None, None

def _library_folders(repository_ctx, torch):
    """Where the libraries lie that libtorch_cpu.so needs at run time."""
    torch_path = repository_ctx.path(torch)
    folders = [str(torch_path.get_child("lib"))]
    site_packages = torch_path.dirname
    for bundled in ["torch.libs", "nvidia"]:
        path = site_packages.get_child(bundled)
        if not path.exists:
            continue
        if bundled == "torch.libs":
            folders.append(str(path))
            continue
        for package in path.readdir():
            lib = package.get_child("lib")
            if lib.exists:
                folders.append(str(lib))
    return folders

def _check_string_abi(repository_ctx, torch):
    """LibTorch must have the std::string that today's compilers have."""
    result = repository_ctx.execute(["grep", "-q", "NSt7__cxx11", torch + "/lib/libc10.so"])
    if result.return_code != 0:
        _fail(repository_ctx, "{} is built with the C++ ABI of before 2011".format(torch))

def _link_python(repository_ctx, python):
    """Links or stands in for the headers; returns the link options of libpython."""
    if python and repository_ctx.path(python.include + "/Python.h").exists:
        repository_ctx.symlink(python.include, "python_include")
    else:
        repository_ctx.file(
            "python_include/Python.h",
            '#error "Python.h is not installed for {}: install the package python3-dev."\n'.format(
                python.executable if python else "this Python",
            ),
        )
    if not python:
        return []
    return [
        "-L" + python.library_folder,
        "-l" + python.library,
        "-Wl,-rpath," + python.library_folder,
    ]

def _libtorch_repository_impl(repository_ctx):
    torch, python = _find(repository_ctx)
    _check_string_abi(repository_ctx, torch)

    for folder in _INCLUDES:
        repository_ctx.symlink(torch + "/include/" + folder, "include/" + folder)
    repository_ctx.symlink(torch + "/include/pybind11", "pybind11_include/pybind11")
    for library in ["libc10.so", "libtorch_cpu.so", "libtorch_python.so"]:
        path = repository_ctx.path(torch + "/lib/" + library)
        if path.exists:
            repository_ctx.symlink(path, "lib/" + library)
    python_linkopts = _link_python(repository_ctx, python)

    # DT_RPATH, unlike DT_RUNPATH, also serves what the libraries themselves need.
    rpath = ["-Wl,--disable-new-dtags"] + [
        "-Wl,-rpath," + folder
        for folder in _library_folders(repository_ctx, torch)
    ]
    repository_ctx.template("BUILD.bazel", repository_ctx.attr.build_file, {
        "%{python_interpreter}": python.executable if python else "/usr/bin/python3",
        "%{python_linkopts}": repr(python_linkopts),
        "%{rpath}": repr(rpath),
    })

libtorch_repository = repository_rule(
    implementation = _libtorch_repository_impl,
    doc = "LibTorch, pybind11 as torch ships it, and the Python they belong to.",
    configure = True,
    environ = _VARIABLES,
    local = True,
    attrs = {
        "build_file": attr.label(
            default = Label("//third_party/libtorch:libtorch.BUILD"),
            allow_single_file = True,
        ),
    },
)
