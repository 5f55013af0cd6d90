#include "compiler/acme_serializer.h"

#include "flextorchir/testing/format_conformance.h"

namespace {

// A format that can only be written passes as far as that goes.
const bool kRegistered = [] {
  flextorchir::FormatConformanceOptions format;
  format.name = "acme";
  format.serializer = acme::NewAcmeSerializer;
  format.has_inline_weights = false;
  return flextorchir::RegisterFormatConformanceTests(format);
}();

}  // namespace
