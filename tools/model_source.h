#ifndef FLEXTORCHIR_TOOLS_MODEL_SOURCE_H_
#define FLEXTORCHIR_TOOLS_MODEL_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/tools/input_spec.h"

namespace flextorchir {

// One kind of model that --model may name. `convert` and `verify` take the
// first loader that accepts the word; see TorchScriptLoader() in
// flextorchir/tools/standard_convert_tool.h.
struct ModelLoader {
  // For --help: "FILE.pt", "a TorchScript file".
  std::string word_help;
  std::string help;
  // Whether the word is the path of a file. It is made the caller's and must
  // be readable before `load` sees it.
  bool is_file = false;
  std::function<bool(absl::string_view word)> accepts;
  std::function<absl::StatusOr<std::unique_ptr<Frontend>>(
      absl::string_view word)>
      load;
  // Null, or brings in the operators that flags ask for, where a file is run
  // without its model.
  std::function<absl::Status()> load_operators;
};

// What is converted where no --model is given: a file that was built with the
// program.
struct DefaultModel {
  std::string data;    // "flextorchir/testing/models/resnet50.scripted.pt"
  std::string inputs;  // as behind --inputs
  std::string name;    // what the output is called
};

// What the flags --model, --inputs, --seed and --load_library say.
class ModelSource {
 public:
  // `program` is argv[0]. `loaders` must outlive the result. Where no model is
  // needed, none may be given: the inputs are those of a file then.
  // Errors: kInvalidArgument and kNotFound; the message names the flag.
  static absl::StatusOr<ModelSource> FromFlags(
      const std::vector<ModelLoader>& loaders,
      const std::optional<DefaultModel>& default_model,
      absl::string_view program, bool needs_model = true);

  bool has_model() const { return loader_ != nullptr; }
  bool has_inputs() const { return inputs_.has_value(); }
  // What outputs are called unless the caller says otherwise: "resnet50".
  const std::string& name() const { return name_; }
  // What stands behind --model, or the default's path.
  const std::string& word() const { return word_; }
  // The arguments as they were given, for messages. (The first --inputs.)
  const std::string& inputs_text() const { return inputs_text_; }
  // How many further --inputs there are.
  size_t num_examples() const { return examples_.size(); }
  // Every file that is going to be read.
  const std::vector<std::string>& files() const { return files_; }
  uint64_t seed() const { return seed_; }

  // Opens the operator libraries; `loaders` are asked for theirs.
  absl::Status LoadOperators(const std::vector<ModelLoader>& loaders) const;
  // Opens the operator libraries, then loads the model.
  // Errors: those of the loader; kInvalidArgument without --inputs, saying what
  // the model takes.
  absl::StatusOr<std::unique_ptr<Frontend>> Load() const;
  // The arguments, the same at each call. Sets torch's own random state from
  // the seed, so that a model that draws numbers draws the same ones.
  absl::StatusOr<ModelInputs> Inputs() const { return Inputs(seed_); }
  // Others of the same kind, from another seed.
  absl::StatusOr<ModelInputs> Inputs(uint64_t seed) const;
  // Whether another seed gives other ones.
  bool inputs_are_random() const;
  // What further --inputs say, each with random content of its own.
  absl::StatusOr<std::vector<ModelInputs>> Examples() const;

 private:
  const ModelLoader* loader_ = nullptr;
  std::string word_;
  std::string name_;
  std::string inputs_text_;
  std::optional<std::vector<ModelInputSpec>> inputs_;
  std::vector<std::vector<ModelInputSpec>> examples_;
  std::vector<std::string> libraries_;
  std::vector<std::string> files_;
  uint64_t seed_ = 0;
};

// For --help: one line a loader.
std::string LoadersHelp(const std::vector<ModelLoader>& loaders);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_MODEL_SOURCE_H_
