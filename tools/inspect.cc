// The stock `inspect`; see inspect_main.h.

#include "flextorchir/tools/inspect_main.h"
#include "flextorchir/tools/standard_formats.h"

int main(int argc, char** argv) {
  return flextorchir::InspectMain(argc, argv, flextorchir::StandardFormats());
}
