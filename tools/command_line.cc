#include "flextorchir/tools/command_line.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <set>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "flextorchir/ir/sink.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace flextorchir {
namespace {

// The flags of the program, by name, without those of Abseil itself
// (--flagfile, ...), which may be linked in and only distract.
std::map<absl::string_view, absl::CommandLineFlag*> ProgramFlags() {
  std::map<absl::string_view, absl::CommandLineFlag*> flags;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (!absl::StrContains(flag->Filename(), "absl/flags/")) flags[name] = flag;
  }
  return flags;
}

// How many characters must be added, dropped or changed to make `b` of `a`.
int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int diagonal = std::exchange(row[0], static_cast<int>(i) + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const int changed = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

absl::Status UnknownFlag(absl::string_view name) {
  std::vector<std::string> near;
  const std::string lower = absl::AsciiStrToLower(name);
  for (const auto& [known, flag] : ProgramFlags()) {
    const int tolerance = known.size() < 6 ? 1 : 2;
    if (EditDistance(lower, known) <= tolerance ||
        (lower.size() >= 3 && absl::StartsWith(known, lower)) ||
        absl::StartsWith(lower, known)) {
      near.push_back(absl::StrCat("--", known));
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "there is no flag --", name,
      near.empty()
          ? ""
          : absl::StrCat("; did you mean ", absl::StrJoin(near, " or "), "?"),
      near.empty() ? "; --help lists all flags" : ""));
}

absl::string_view WhatFlagTakes(const absl::CommandLineFlag& flag) {
  if (flag.IsOfType<bool>()) return "true or false";
  if (flag.IsOfType<uint64_t>()) return "a whole number from 0 to 2^64 - 1";
  if (flag.IsOfType<int64_t>() || flag.IsOfType<int>()) return "a whole number";
  if (flag.IsOfType<double>()) return "a number";
  return "something else";
}

absl::Status SetFlag(absl::CommandLineFlag& flag, absl::string_view value) {
  std::string ignored;
  if (flag.ParseFrom(value, &ignored)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--", flag.Name(), "=", value, ": the flag takes ", WhatFlagTakes(flag)));
}

absl::Status SystemError(absl::string_view path, int error) {
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InvalidArgumentError(message);
  }
}

absl::string_view FileKind(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "no regular file";
}

std::string InodeName(const struct stat& info) {
  return absl::StrCat(info.st_dev, ":", info.st_ino);
}

// The same for two paths that lead to the same file, whether it exists or not.
std::string Identity(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return InodeName(info);
  const auto [directory, name] = SplitPath(path);
  if (stat(directory.c_str(), &info) == 0) {
    return absl::StrCat(InodeName(info), "/", name);
  }
  return path;
}

absl::Status CheckWritable(const std::string& path) {
  const auto [directory, name] = SplitPath(path);
  struct stat info;
  if (name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": names a directory; give the name of a file"));
  }
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", path, ": it is ", FileKind(info.st_mode),
                     "; choose another name"));
  }
  if (stat(directory.c_str(), &info) != 0) {
    return absl::Status(
        SystemError(directory, errno).code(),
        absl::StrCat("cannot write ", path, ": ", directory, ": ",
                     std::strerror(errno),
                     "; create the directory, or choose another"));
  }
  if (!S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot write ", path, ": ", directory, " is not a directory"));
  }
  if (access(directory.c_str(), W_OK) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot write ", path, ": ", directory, ": ",
                     std::strerror(errno), "; choose another directory"));
  }
  return absl::OkStatus();
}

}  // namespace

bool AbslParseFlag(absl::string_view text, OptionalList* list,
                   std::string* /*error*/) {
  list->given = true;
  list->items = absl::StrSplit(text, ',', absl::SkipWhitespace());
  for (std::string& item : list->items) absl::StripAsciiWhitespace(&item);
  return true;
}

std::string AbslUnparseFlag(const OptionalList& list) {
  return absl::StrJoin(list.items, ",");
}

bool AbslParseFlag(absl::string_view text, OptionalText* optional,
                   std::string* /*error*/) {
  optional->given = true;
  optional->text = std::string(text);
  return true;
}

std::string AbslUnparseFlag(const OptionalText& optional) {
  return optional.text;
}

// A flag takes one text: several are told apart by a byte that none can hold.
bool AbslParseFlag(absl::string_view text, RepeatedText* repeated,
                   std::string* /*error*/) {
  repeated->texts.clear();
  if (!text.empty()) {
    repeated->texts = absl::StrSplit(text, absl::ByChar('\0'));
  }
  return true;
}

std::string AbslUnparseFlag(const RepeatedText& repeated) {
  return absl::StrJoin(repeated.texts, std::string(1, '\0'));
}

absl::StatusOr<CommandLine> ParseFlags(int argc, const char* const* argv) {
  const auto flags = ProgramFlags();
  CommandLine result;
  std::set<absl::string_view> given;
  std::map<absl::string_view, std::string> repeated;
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    if (word == "--") {
      result.arguments.insert(result.arguments.end(), argv + i + 1,
                              argv + argc);
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      result.arguments.emplace_back(word);
      continue;
    }
    word.remove_prefix(absl::StartsWith(word, "--") ? 2 : 1);
    const size_t equals = word.find('=');
    const absl::string_view name = word.substr(0, equals);
    if (name == "help" || name == "h") {
      result.help = true;
      continue;
    }
    auto found = flags.find(name);
    bool negated = false;
    if (found == flags.end() && absl::StartsWith(name, "no")) {
      found = flags.find(name.substr(2));
      negated = found != flags.end() && found->second->IsOfType<bool>();
      if (!negated) found = flags.end();
    }
    if (found == flags.end()) return UnknownFlag(name);
    absl::CommandLineFlag& flag = *found->second;
    const bool may_repeat = flag.IsOfType<RepeatedText>();
    if (!given.insert(found->first).second && !may_repeat) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", found->first, " is given twice"));
    }
    absl::string_view value;
    if (negated) {
      if (equals != absl::string_view::npos) {
        return absl::InvalidArgumentError(
            absl::StrCat("--", name, " takes no value"));
      }
      value = "false";
    } else if (equals != absl::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (flag.IsOfType<bool>()) {
      value = "true";
    } else if (flag.IsOfType<OptionalList>() || flag.IsOfType<OptionalText>()) {
      value = "";
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " has no value: write --", name, "=VALUE"));
    }
    if (may_repeat) {
      std::string& all = repeated[found->first];
      if (!all.empty()) all.push_back('\0');
      absl::StrAppend(&all, value);
      continue;
    }
    if (absl::Status status = SetFlag(flag, value); !status.ok()) return status;
  }
  for (const auto& [name, texts] : repeated) {
    absl::Status status = SetFlag(*flags.find(name)->second, texts);
    if (!status.ok()) return status;
  }
  return result;
}

std::string FlagsHelp() {
  std::string help;
  for (const auto& [name, flag] : ProgramFlags()) {
    const std::string value = flag->DefaultValue();
    absl::StrAppend(&help, "  --", name);
    if (!value.empty()) absl::StrAppend(&help, "  (default: ", value, ")");
    for (absl::string_view line : absl::StrSplit(flag->Help(), '\n')) {
      absl::StrAppend(&help, "\n      ", line);
    }
    absl::StrAppend(&help, "\n");
  }
  return help;
}

absl::Status CheckChoice(absl::string_view flag, absl::string_view value,
                         absl::Span<const absl::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", value, ": the flag takes ",
                   absl::StrJoin(choices, " or ")));
}

int Fail(absl::string_view tool, const absl::Status& status) {
  std::cerr << tool << ": " << status.message() << "\n";
  return kExitBadInput;
}

absl::Status Annotate(absl::string_view context, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(context, ": ", status.message()));
}

std::string CallerPath(absl::string_view path) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  if (directory == nullptr || path.empty() || absl::StartsWith(path, "/")) {
    return std::string(path);
  }
  return absl::StrCat(directory, "/", path);
}

std::string CallerDirectory() { return RealPath(CallerPath(".")); }

absl::StatusOr<std::string> DataPath(absl::string_view program,
                                     absl::string_view data) {
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(
      Runfiles::Create(std::string(program), &error));
  const std::string path =
      runfiles == nullptr ? "" : runfiles->Rlocation(std::string(data));
  if (path.empty() || access(path.c_str(), R_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(
        data,
        ", which is built with this program, is not beside it; run it "
        "with Bazel, or give a file of your own"));
  }
  return path;
}

std::string RealPath(absl::string_view path) {
  const std::unique_ptr<char, decltype(&std::free)> real(
      realpath(std::string(path).c_str(), nullptr), &std::free);
  return real == nullptr ? std::string(path) : std::string(real.get());
}

std::pair<std::string, std::string> SplitPath(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return {".", std::string(path)};
  return {std::string(path.substr(0, std::max<size_t>(slash, 1))),
          std::string(path.substr(slash + 1))};
}

std::string PathStem(absl::string_view path) {
  const std::string name = SplitPath(path).second;
  const size_t dot = name.rfind('.');
  return dot == 0 ? name : name.substr(0, dot);
}

absl::Status CheckReadableFile(absl::string_view path) {
  const std::string name(path);
  struct stat info;
  if (stat(name.c_str(), &info) != 0) return SystemError(path, errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": is ", FileKind(info.st_mode), ", where a file is wanted"));
  }
  if (access(name.c_str(), R_OK) != 0) return SystemError(path, errno);
  return absl::OkStatus();
}

absl::Status CheckOutputs(absl::Span<const std::string> outputs,
                          absl::Span<const std::string> inputs) {
  std::map<std::string, std::string> taken;
  for (const std::string& input : inputs) {
    taken[Identity(input)] = absl::StrCat("is read (", input, ")");
  }
  for (const std::string& output : outputs) {
    if (absl::Status s = CheckWritable(output); !s.ok()) return s;
    const auto [other, is_new] = taken.emplace(
        Identity(output), absl::StrCat("is written as well (", output, ")"));
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot write ", output, ": the same file ",
                       other->second, "; choose another name"));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteWholeFile(absl::string_view path, absl::string_view content) {
  const auto [directory, name] = SplitPath(path);
  auto sink = NewDirectorySink(directory);
  if (!sink.ok()) return sink.status();
  auto file = (*sink)->Create(name);
  if (!file.ok()) return file.status();
  if (absl::Status s = (*file)->Append(content); !s.ok()) return s;
  return (*sink)->Commit();
}

void IgnoreWriteSignals() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

}  // namespace flextorchir
