"""Rule sets for Bazel that a package of the system has installed."""

def _installed_bazel_rules_impl(repository_ctx):
    path = repository_ctx.path(repository_ctx.attr.path)
    if not path.exists:
        fail(("@{}: {} does not exist: run ./bazelw, or install the package `{}`, or " +
              "declare @{} before flextorchir_dependencies().").format(
            repository_ctx.name,
            path,
            repository_ctx.attr.package,
            repository_ctx.name,
        ))
    for entry in path.readdir():
        repository_ctx.symlink(entry, entry.basename)

installed_bazel_rules = repository_rule(
    implementation = _installed_bazel_rules_impl,
    doc = "local_repository() that says what to install when its folder is missing.",
    local = True,
    attrs = {
        "package": attr.string(mandatory = True, doc = "Debian package to name when missing."),
        "path": attr.string(mandatory = True, doc = "The folder that holds the WORKSPACE file."),
    },
)
