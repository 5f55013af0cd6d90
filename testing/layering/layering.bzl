"""Tests of which targets depend on which, however far away."""

def _paths(name, sources, targets):
    # Wildcards are no use here: genquery refuses them.
    native.genquery(
        name = name + ".paths",
        testonly = True,
        expression = "somepath(set({}), set({}))".format(" ".join(sources), " ".join(targets)),
        scope = sources + targets,
        strict = False,
    )
    return ":{}.paths".format(name)

def _test(name, paths, expected):
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["check_paths.sh"],
        args = [
            expected,
            "$(rootpath {})".format(paths),
        ],
        data = [paths],
    )

def no_path_test(name, sources, forbidden):
    """Fails if any of `sources` depends on any of `forbidden`.

    Args:
      name: the test's.
      sources: labels of targets.
      forbidden: labels of targets.
    """
    _test(name, _paths(name, sources, forbidden), "none")

def path_test(name, sources, wanted):
    """Fails if none of `sources` depends on any of `wanted`.

    Args:
      name: the test's.
      sources: labels of targets.
      wanted: labels of targets.
    """
    _test(name, _paths(name, sources, wanted), "some")
