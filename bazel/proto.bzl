"""C++ code from a .proto file, under a name that no other tree has."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def flextorchir_proto_library(name, src, visibility = None, **kwargs):
    """A cc_library of the messages of one .proto file.

    The file is known to Protocol Buffers as flextorchir/PACKAGE/`src`, so that
    an `ir/proto/ir.proto` of a company is not taken for ours, and its header is
    "flextorchir/PACKAGE/STEM.pb.h". Also makes STEM.descriptor_set, the
    FileDescriptorSet by which a change of the schema can be checked.

    Args:
      name: the library's.
      src: the .proto file, in the same package; imports nothing but the
        well-known types.
      visibility: as in cc_library.
      **kwargs: passed on to cc_library.
    """
    stem = src[:-len(".proto")]
    folder = "flextorchir/" + native.package_name()
    native.genrule(
        name = name + ".generate",
        srcs = [src],
        outs = [
            stem + ".pb.cc",
            stem + ".pb.h",
            stem + ".descriptor_set",
        ],
        cmd = " && ".join([
            "root=$(@D)/{}.root".format(name),
            "mkdir -p $$root/{}".format(folder),
            "cp $(location {}) $$root/{}/{}".format(src, folder, src),
            ("$(execpath @com_google_protobuf//:protoc) --proto_path=$$root --cpp_out=$$root " +
             "--descriptor_set_out=$$root/{f}/{s}.descriptor_set {f}/{s}.proto").format(
                f = folder,
                s = stem,
            ),
            "cp $$root/{f}/{s}.pb.cc $$root/{f}/{s}.pb.h $$root/{f}/{s}.descriptor_set $(@D)/".format(
                f = folder,
                s = stem,
            ),
            "rm -r $$root",
        ]),
        message = "Generating C++ from " + src,
        tools = ["@com_google_protobuf//:protoc"],
        visibility = visibility,
    )
    cc_library(
        name = name,
        srcs = [stem + ".pb.cc"],
        hdrs = [stem + ".pb.h"],
        copts = ["-std=c++17", "-w"],
        include_prefix = folder,
        linkstatic = True,
        visibility = visibility,
        deps = ["@com_google_protobuf//:protobuf"],
        **kwargs
    )
