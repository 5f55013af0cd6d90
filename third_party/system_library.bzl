"""A repository for a library that is installed on the system.

The compiler finds the headers and the linker the library without being told
where, so that the repository holds a BUILD file and links to the programs that
the build runs (protoc, flatc).
"""

_INCLUDE_FOLDERS = ["/usr/local/include", "/usr/include"]

def require_header(repository_ctx, header, packages):
    """Returns the folder that holds `header`, or fails and says what to install."""
    for folder in _INCLUDE_FOLDERS:
        if repository_ctx.path(folder + "/" + header).exists:
            return folder
    fail(("@{}: <{}> is not installed: run ./bazelw, or install the packages `{}`, " +
          "or declare @{} before flextorchir_dependencies().").format(
        repository_ctx.name,
        header,
        " ".join(packages),
        repository_ctx.name,
    ))

def _system_library_impl(repository_ctx):
    attr = repository_ctx.attr
    include = require_header(repository_ctx, attr.header, attr.packages) if attr.header else None
    for folder in attr.include_folders:
        repository_ctx.symlink(include + "/" + folder, "include/" + folder)
    for program in attr.programs:
        path = repository_ctx.which(program)
        if not path:
            fail(("@{}: `{}` is not on PATH: run ./bazelw, or install the packages `{}`, " +
                  "or declare @{} before flextorchir_dependencies().").format(
                repository_ctx.name,
                program,
                " ".join(attr.packages),
                repository_ctx.name,
            ))
        repository_ctx.symlink(path, "bin/" + program)
    for label, path in attr.files.items():
        repository_ctx.symlink(label, path)
    repository_ctx.symlink(attr.build_file, "BUILD.bazel")

system_library = repository_rule(
    implementation = _system_library_impl,
    doc = "A library of the system under the names of its upstream's BUILD files.",
    local = True,
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "Further files of ours, and their paths in the repository.",
        ),
        "header": attr.string(doc = "A header by which an installed library is recognised."),
        "include_folders": attr.string_list(
            doc = "Folders below the system's include folder to link under include/.",
        ),
        "packages": attr.string_list(doc = "Debian packages to name when it is missing."),
        "programs": attr.string_list(doc = "Programs to link under bin/."),
    },
)
