#ifndef FLEXTORCHIR_TOOLS_COMMAND_LINE_H_
#define FLEXTORCHIR_TOOLS_COMMAND_LINE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flextorchir {

// What the tools share: flags, help, paths and how they fail.

// Exit statuses, as docs/command-line.md states them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitBadInput = 1;
inline constexpr int kExitNotAsDemanded = 2;

struct CommandLine {
  bool help = false;                   // --help or -h is among the flags
  std::vector<std::string> arguments;  // what is no flag
};

// The type of a flag that may stand alone, --flag, or be given a list,
// --flag=a,b.
struct OptionalList {
  bool given = false;
  std::vector<std::string> items;
};
bool AbslParseFlag(absl::string_view text, OptionalList* list,
                   std::string* error);
std::string AbslUnparseFlag(const OptionalList& list);

// The same with one text, --flag or --flag=text.
struct OptionalText {
  bool given = false;
  std::string text;
};
bool AbslParseFlag(absl::string_view text, OptionalText* optional,
                   std::string* error);
std::string AbslUnparseFlag(const OptionalText& optional);

// The type of a flag that may be given several times; the texts come in order.
struct RepeatedText {
  std::vector<std::string> texts;
};
bool AbslParseFlag(absl::string_view text, RepeatedText* repeated,
                   std::string* error);
std::string AbslUnparseFlag(const RepeatedText& repeated);

// Sets the flags of the program (ABSL_FLAG) from the command line: --flag=value
// and --flag value; --flag and --noflag for booleans, --flag for an
// OptionalList, whose value always follows an "=". All behind "--" is no
// flag.
// Errors: kInvalidArgument for a flag that does not exist (naming those that
// are spelt nearly so), has no value or a bad one, or is given twice without
// being a RepeatedText.
absl::StatusOr<CommandLine> ParseFlags(int argc, const char* const* argv);

// Every flag with its default and its help, for --help.
std::string FlagsHelp();

// Errors: kInvalidArgument, naming the flag and the `choices`.
absl::Status CheckChoice(absl::string_view flag, absl::string_view value,
                         absl::Span<const absl::string_view> choices);

// "convert: MESSAGE" to the standard error; returns kExitBadInput.
int Fail(absl::string_view tool, const absl::Status& status);

// The same status with "CONTEXT: " before its message.
absl::Status Annotate(absl::string_view context, const absl::Status& status);

// `path` as the caller means it: Bazel runs programs in a directory of its own
// and says in a variable where the caller stands.
std::string CallerPath(absl::string_view path);
// Where the caller stands.
std::string CallerDirectory();

// The path of a data file that was built with the program (argv[0]):
// "flextorchir/..."
// Errors: kNotFound, if the program has been taken out of its tree.
absl::StatusOr<std::string> DataPath(absl::string_view program,
                                     absl::string_view data);

// `path` with every symbolic link followed; itself if there is no such file.
std::string RealPath(absl::string_view path);

// Directory (never empty) and file name.
std::pair<std::string, std::string> SplitPath(absl::string_view path);
// "a/resnet50.pt" -> "resnet50".
std::string PathStem(absl::string_view path);

// Errors: kNotFound, kPermissionDenied, kInvalidArgument for anything but a
// regular file; the message names the path.
absl::Status CheckReadableFile(absl::string_view path);

// Checks, before the work begins, that each of `outputs` can be written and
// that none is one of `inputs` or of the others, by whatever name.
absl::Status CheckOutputs(absl::Span<const std::string> outputs,
                          absl::Span<const std::string> inputs);

// Writes a file, whole or not at all.
absl::Status WriteWholeFile(absl::string_view path, absl::string_view content);

// A program that writes to a full pipe or past a limit on file sizes is told so
// by an error, as with a full disk, rather than by a signal that ends it with
// its temporary files left behind.
void IgnoreWriteSignals();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_COMMAND_LINE_H_
