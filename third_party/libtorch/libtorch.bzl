"""@libtorch over an installed torch, which find_torch.bzl looks for."""

load(":find_torch.bzl", "TORCH_VARIABLES", "TORCH_VERSIONS", "find_torch")

# Only what is LibTorch's own: the include folder also has copies of other
# libraries, among them Protocol Buffers.
_INCLUDES = ["ATen", "c10", "caffe2", "torch"]

def _fail(repository_ctx, problem):
    fail(("@{}: {}. Run ./bazelw, which installs one into .venv, or set FLEXTORCHIR_PYTHON to a " +
          "python3 with torch>={},<{} or FLEXTORCHIR_LIBTORCH to an unpacked LibTorch.").format(
        repository_ctx.name,
        problem,
        TORCH_VERSIONS[0],
        TORCH_VERSIONS[1],
    ))

def _library_folders(repository_ctx, torch):
    """Where the libraries lie that libtorch_cpu.so needs at run time."""
    torch_path = repository_ctx.path(torch)
    folders = [str(torch_path.get_child("lib"))]
    site_packages = torch_path.dirname
    bundled = site_packages.get_child("torch.libs")
    if bundled.exists:
        folders.append(str(bundled))
    nvidia = site_packages.get_child("nvidia")
    if nvidia.exists:
        for package in nvidia.readdir():
            lib = package.get_child("lib")
            if lib.exists:
                folders.append(str(lib))
    return sorted(folders)

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
    if not python or not python.library:
        return []
    return [
        "-L" + python.library_folder,
        "-l" + python.library,
        "-Wl,-rpath," + python.library_folder,
    ]

def _libtorch_repository_impl(repository_ctx):
    found = find_torch(repository_ctx)
    if found.problem:
        _fail(repository_ctx, found.problem)
    torch, python = found.folder, found.python
    _check_string_abi(repository_ctx, torch)

    for folder in _INCLUDES:
        repository_ctx.symlink(torch + "/include/" + folder, "include/" + folder)
    repository_ctx.symlink(torch + "/include/pybind11", "pybind11_include/pybind11")
    repository_ctx.symlink(torch + "/include/fmt", "fmt_include/fmt")
    for file in ["version.py", "build-hash"]:
        path = repository_ctx.path(torch + "/" + file)
        if path.exists:
            repository_ctx.symlink(path, "version/" + file)
    for library in ["libc10.so", "libtorch_cpu.so", "libtorch_python.so"]:
        path = repository_ctx.path(torch + "/lib/" + library)
        if path.exists:
            repository_ctx.symlink(path, "lib/" + library)
    python_library = "{}/lib{}.so".format(python.library_folder, python.library) if python else ""
    python_linkopts = _link_python(repository_ctx, python)

    # DT_RPATH, unlike DT_RUNPATH, also serves what the libraries themselves need.
    rpath = ["-Wl,--disable-new-dtags"] + [
        "-Wl,-rpath," + folder
        for folder in _library_folders(repository_ctx, torch)
    ]
    repository_ctx.template("BUILD.bazel", repository_ctx.attr.build_file, {
        "%{python_executable}": python.executable if python else "",
        "%{python_library}": python_library,
        "[\"%{python_linkopts}\"]": repr(python_linkopts),
        "[\"%{rpath}\"]": repr(rpath),
    })

libtorch_repository = repository_rule(
    implementation = _libtorch_repository_impl,
    doc = "LibTorch, pybind11 as torch ships it, and the headers of the Python they belong to.",
    configure = True,
    environ = TORCH_VARIABLES,
    local = True,
    attrs = {
        "build_file": attr.label(
            default = Label("//third_party/libtorch:libtorch.BUILD"),
            allow_single_file = True,
        ),
    },
)
