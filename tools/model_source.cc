#include "flextorchir/tools/model_source.h"

#include <dlfcn.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "ATen/Context.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/make_inputs.h"

ABSL_FLAG(std::string, model, "", "The model, as listed above.");
ABSL_FLAG(
    flextorchir::RepeatedText, inputs, {},
    "What the model is called with, comma-separated. Given again, further "
    "examples, of\nother sizes:\n"
    "  1x3x224x224            a tensor of random numbers, f32\n"
    "  1x128:i64<1000         of another element type; integers from 0 to "
    "999\n"
    "  @FILE.safetensors      the tensors of a file\n"
    "  [1x4,1x8]              a list\n"
    "  {boxes: 9x4, size: 3}  a dict\n"
    "  3, 0.5, true, none     numbers, booleans, nothing\n"
    "  'text'                 a string\n"
    "  mask=1x128:bool        an argument by its name\n"
    "  ()                     no arguments at all");
ABSL_FLAG(uint64_t, seed, 0,
          "Where the random content of the inputs, and the random numbers that "
          "the model\nitself draws, come from.");
ABSL_FLAG(
    std::vector<std::string>, load_library, {},
    "Shared libraries with operators of your own, opened before the model "
    "is loaded:\nFILE.so,...");

namespace flextorchir {
namespace {

constexpr char kInputsExample[] =
    "--inputs says what the model is called with, for instance "
    "--inputs=1x3x224x224 for one tensor of random numbers, or "
    "--inputs=1x128:i64<1000,mask=1x128:bool, or --inputs=() for nothing; "
    "--help "
    "says more";

// Input files, wherever they stand.
void CollectFiles(const std::vector<ModelInputSpec>& specs,
                  std::vector<std::string>* files) {
  for (const ModelInputSpec& spec : specs) {
    if (const auto* file = std::get_if<ModelInputSpec::File>(&spec.value)) {
      files->push_back(CallerPath(file->path));
    } else if (const auto* list =
                   std::get_if<ModelInputSpec::List>(&spec.value)) {
      CollectFiles(list->elements, files);
    } else if (const auto* dict =
                   std::get_if<ModelInputSpec::Dict>(&spec.value)) {
      CollectFiles(dict->values, files);
    }
  }
}

bool HasTensor(const std::vector<ModelInputSpec>& specs) {
  return std::any_of(specs.begin(), specs.end(), [](const auto& spec) {
    const auto* list = std::get_if<ModelInputSpec::List>(&spec.value);
    const auto* dict = std::get_if<ModelInputSpec::Dict>(&spec.value);
    return std::holds_alternative<ModelInputSpec::Tensor>(spec.value) ||
           (list != nullptr && HasTensor(list->elements)) ||
           (dict != nullptr && HasTensor(dict->values));
  });
}

// "package.module:callable(...)" -> "callable".
std::string NameOf(absl::string_view word, bool is_file) {
  if (is_file) return PathStem(word);
  const size_t colon = word.find(':');
  if (colon != absl::string_view::npos) word.remove_prefix(colon + 1);
  return std::string(word.substr(0, word.find('(')));
}

absl::Status OpenLibrary(const std::string& path) {
  // A path without a slash would be looked for in the system's folders.
  const std::string absolute = RealPath(path);
  try {
    if (dlopen(absolute.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) {
      return absl::OkStatus();
    }
  } catch (const std::exception& error) {
    // From a constructor in the library.
    return absl::InvalidArgumentError(
        absl::StrCat("--load_library=", path, ": ", error.what()));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--load_library=", path, ": cannot be opened: ", dlerror(),
      "; it must be a shared library built for the LibTorch that this program "
      "is linked with"));
}

}  // namespace

absl::StatusOr<ModelSource> ModelSource::FromFlags(
    const std::vector<ModelLoader>& loaders,
    const std::optional<DefaultModel>& default_model, absl::string_view program,
    bool needs_model) {
  ModelSource source;
  source.seed_ = absl::GetFlag(FLAGS_seed);
  source.word_ = absl::GetFlag(FLAGS_model);
  std::vector<std::string> texts = absl::GetFlag(FLAGS_inputs).texts;
  std::string inputs = texts.empty() ? "" : texts[0];
  const bool has_model = needs_model || !source.word_.empty();
  if (has_model && source.word_.empty()) {
    if (!default_model.has_value()) {
      return absl::InvalidArgumentError(
          "--model is missing; --help says what it may be");
    }
    auto path = DataPath(program, default_model->data);
    if (!path.ok()) return path.status();
    source.word_ = *std::move(path);
    source.name_ = default_model->name;
    if (inputs.empty()) inputs = default_model->inputs;
  }
  for (const ModelLoader& loader : loaders) {
    if (has_model && loader.accepts(source.word_)) {
      source.loader_ = &loader;
      break;
    }
  }
  if (has_model && source.loader_ == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--model=", source.word_, ": this program cannot load it; it takes\n",
        LoadersHelp(loaders)));
  }
  if (has_model && source.loader_->is_file) {
    source.word_ = CallerPath(source.word_);
    if (absl::Status s = CheckReadableFile(source.word_); !s.ok()) {
      return Annotate("--model", s);
    }
    source.files_.push_back(source.word_);
  }
  if (has_model && source.name_.empty()) {
    source.name_ = NameOf(source.word_, source.loader_->is_file);
  }
  const size_t first = source.files_.size();
  if (!inputs.empty()) {
    auto specs = ParseModelInputs(inputs);
    if (!specs.ok()) return specs.status();
    source.inputs_ = *std::move(specs);
    source.inputs_text_ = inputs;
    CollectFiles(*source.inputs_, &source.files_);
  }
  for (size_t i = 1; i < texts.size(); ++i) {
    auto specs = ParseModelInputs(texts[i]);
    if (!specs.ok()) return specs.status();
    CollectFiles(*specs, &source.files_);
    source.examples_.push_back(*std::move(specs));
  }
  for (size_t i = first; i < source.files_.size(); ++i) {
    if (absl::Status s = CheckReadableFile(source.files_[i]); !s.ok()) {
      return Annotate("--inputs", s);
    }
  }
  for (const std::string& library : absl::GetFlag(FLAGS_load_library)) {
    source.libraries_.push_back(CallerPath(library));
    if (absl::Status s = CheckReadableFile(source.libraries_.back()); !s.ok()) {
      return Annotate("--load_library", s);
    }
    source.files_.push_back(source.libraries_.back());
  }
  return source;
}

absl::Status ModelSource::LoadOperators(
    const std::vector<ModelLoader>& loaders) const {
  for (const std::string& library : libraries_) {
    if (absl::Status s = OpenLibrary(library); !s.ok()) return s;
  }
  for (const ModelLoader& loader : loaders) {
    if (loader.load_operators == nullptr) continue;
    if (absl::Status s = loader.load_operators(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Frontend>> ModelSource::Load() const {
  if (absl::Status s = LoadOperators({}); !s.ok()) return s;
  auto frontend = loader_->load(word_);
  if (absl::IsUnimplemented(frontend.status())) {
    return absl::UnimplementedError(absl::StrCat(
        frontend.status().message(),
        " (--load_library=FILE.so loads one; where a Python package "
        "brings it, --import=PACKAGE)"));
  }
  if (!frontend.ok()) return frontend.status();
  if (!inputs_.has_value()) {
    const std::vector<std::string> names = (*frontend)->argument_names();
    return absl::InvalidArgumentError(absl::StrCat(
        "--inputs is missing: ",
        names.empty()
            ? ""
            : absl::StrCat("forward of ", (*frontend)->name(), " takes (",
                           absl::StrJoin(names, ", "), "). "),
        kInputsExample));
  }
  return frontend;
}

absl::StatusOr<ModelInputs> ModelSource::Inputs(uint64_t seed) const {
  at::manual_seed(seed);
  return MakeInputs(*inputs_, seed);
}

bool ModelSource::inputs_are_random() const {
  return inputs_.has_value() && HasTensor(*inputs_);
}

absl::StatusOr<std::vector<ModelInputs>> ModelSource::Examples() const {
  std::vector<ModelInputs> examples;
  for (const std::vector<ModelInputSpec>& specs : examples_) {
    auto inputs = MakeInputs(specs, seed_ + 1 + examples.size());
    if (!inputs.ok()) return inputs.status();
    examples.push_back(*std::move(inputs));
  }
  return examples;
}

std::string LoadersHelp(const std::vector<ModelLoader>& loaders) {
  size_t width = 0;
  for (const ModelLoader& loader : loaders) {
    width = std::max(width, loader.word_help.size());
  }
  std::string help;
  for (const ModelLoader& loader : loaders) {
    absl::StrAppend(&help, "  --model=", loader.word_help,
                    std::string(width - loader.word_help.size() + 2, ' '),
                    loader.help, "\n");
  }
  return help;
}

}  // namespace flextorchir
