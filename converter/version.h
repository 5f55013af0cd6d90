#ifndef FLEXTORCHIR_CONVERTER_VERSION_H_
#define FLEXTORCHIR_CONVERTER_VERSION_H_

namespace flextorchir {

// The version of FlexTorchIR; what CHANGELOG.md speaks of.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_VERSION_H_
