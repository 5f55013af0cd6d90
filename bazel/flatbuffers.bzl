"""C++ code from a .fbs file."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def flextorchir_flatbuffers_library(name, src, visibility = None, **kwargs):
    """A cc_library of the tables of one .fbs file.

    Its header is "flextorchir/PACKAGE/STEM_generated.h". Enums are scoped, there
    are no mutators and no object API. Also makes STEM.bfbs, the schema as data,
    by which a change can be checked.

    Args:
      name: the library's.
      src: the .fbs file, in the same package; includes no other.
      visibility: as in cc_library.
      **kwargs: passed on to cc_library.
    """
    stem = src[:-len(".fbs")]
    flatc = "$(execpath @com_github_google_flatbuffers//:flatc)"
    native.genrule(
        name = name + ".generate",
        srcs = [src],
        outs = [
            stem + "_generated.h",
            stem + ".bfbs",
        ],
        cmd = " && ".join([
            flatc + " --cpp --cpp-std c++17 --scoped-enums --warnings-as-errors -o $(@D) $(location {})".format(src),
            flatc + " --binary --schema --bfbs-comments -o $(@D) $(location {})".format(src),
        ]),
        message = "Generating C++ from " + src,
        tools = ["@com_github_google_flatbuffers//:flatc"],
        visibility = visibility,
    )
    cc_library(
        name = name,
        hdrs = [stem + "_generated.h"],
        include_prefix = "flextorchir/" + native.package_name(),
        linkstatic = True,
        visibility = visibility,
        deps = ["@com_github_google_flatbuffers//:flatbuffers"],
        **kwargs
    )
