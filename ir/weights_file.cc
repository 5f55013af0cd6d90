#include "flextorchir/ir/weights_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"
#include "nlohmann/json.hpp"
#include "xxhash.h"

namespace flextorchir {
namespace {

constexpr size_t kLengthBytes = 8;
// The limit of the safetensors library.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
// Torch has 64 at most; and one more for the bytes of an element.
constexpr size_t kMaxRank = 255;
constexpr char kMetadataKey[] = "__metadata__";
// Hashed and written at a time, while it is in the cache.
constexpr size_t kChunkBytes = size_t{1} << 18;

// Read, but not written: see dtype.cc.
constexpr absl::string_view kE8M0Name = "F8_E8M0";

std::optional<DType> DTypeFromSafetensorsName(absl::string_view name) {
  // The first is the one that the name really means.
  for (const DTypeInfo& info : DTypes()) {
    if (info.safetensors_name == name) return info.dtype;
  }
  if (name == kE8M0Name) return DType::kFloat8E8M0FNU;
  return std::nullopt;
}

class Hasher {
 public:
  Hasher() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }
  void Update(absl::string_view data) {
    XXH3_64bits_update(state_.get(), data.data(), data.size());
  }
  uint64_t Digest() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

// A string of JSON; `text` is UTF-8 (anything else nlohmann would throw at).
std::string ToJson(absl::string_view text) {
  return nlohmann::json(std::string(text)).dump();
}

absl::Status CheckNames(const std::vector<const Weights*>& weights,
                        const std::map<std::string, std::string>& metadata) {
  std::set<absl::string_view> names;
  for (const Weights* tensor : weights) {
    if (!IsValidUtf8(tensor->name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the name of weights ", QuoteString(tensor->name), " is not UTF-8"));
    }
    if (tensor->name == kMetadataKey) {
      return absl::InvalidArgumentError(
          absl::StrCat("weights cannot be called ", kMetadataKey,
                       " in a safetensors file: rename them"));
    }
    if (!names.insert(tensor->name).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "two weights have the name ", QuoteString(tensor->name)));
    }
  }
  for (const auto& [key, value] : metadata) {
    if (!IsValidUtf8(key) || !IsValidUtf8(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata ", QuoteString(key), " is not UTF-8"));
    }
  }
  return absl::OkStatus();
}

// The JSON, padded so that the tensors begin at a multiple of eight bytes.
absl::StatusOr<std::string> MakeHeader(
    const std::vector<const Weights*>& weights,
    const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> entries;
  if (!metadata.empty()) {
    entries.push_back(
        absl::StrCat("\"", kMetadataKey, "\":{",
                     absl::StrJoin(metadata, ",",
                                   [](std::string* out, const auto& entry) {
                                     absl::StrAppend(out, ToJson(entry.first),
                                                     ":", ToJson(entry.second));
                                   }),
                     "}"));
  }
  uint64_t offset = 0;
  for (const Weights* tensor : weights) {
    const std::optional<int64_t> bytes = tensor->type.NumBytes();
    if (!bytes.has_value() ||
        static_cast<uint64_t>(*bytes) != tensor->data.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "weights ", QuoteString(tensor->name), " of type ",
          tensor->type.ToString(), " have ", tensor->data.size(),
          " bytes of data",
          bytes.has_value() ? absl::StrCat(", not ", *bytes) : "",
          tensor->data.size() == 0
              ? "; a model that was read without its weights cannot be written "
                "with them"
              : ""));
    }
    const TensorType stored = StoredType(tensor->type);
    entries.push_back(absl::StrCat(
        ToJson(tensor->name), ":{\"dtype\":\"",
        GetDTypeInfo(stored.dtype).safetensors_name, "\",\"shape\":[",
        absl::StrJoin(stored.shape, ",",
                      [](std::string* out, const Dim& dim) {
                        absl::StrAppend(out, dim.number());
                      }),
        "],\"data_offsets\":[", offset, ",", offset + *bytes, "]}"));
    offset += *bytes;
  }
  std::string header = absl::StrCat("{", absl::StrJoin(entries, ","), "}");
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > kMaxHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the header of the safetensors file would have ",
                     header.size(), " bytes; at most ", kMaxHeaderBytes,
                     " are allowed: shorten the names of the weights"));
  }
  return header;
}

std::string EncodeLength(uint64_t length) {
  std::string bytes(kLengthBytes, '\0');
  for (size_t i = 0; i < kLengthBytes; ++i) {
    bytes[i] = static_cast<char>(length >> (8 * i) & 0xff);
  }
  return bytes;
}

uint64_t DecodeLength(absl::string_view bytes) {
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return length;
}

// One tensor as the header describes it.
struct Entry {
  std::string name;
  DType dtype = DType::kUInt8;
  std::vector<uint64_t> shape;
  std::vector<uint64_t> offsets;
};

// Receives the events of nlohmann's parser. The header has one form only, and
// at each event there is one place it may be at: whatever else comes is
// refused at once, so that nesting and memory stay bounded.
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  const absl::Status& status() const { return status_; }
  std::vector<Entry>& entries() { return entries_; }

  bool null() override { return Unexpected("null"); }
  bool boolean(bool) override { return Unexpected("a boolean"); }
  bool number_integer(number_integer_t) override {
    return Unexpected("a negative number");
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Unexpected(absl::StrCat("the number ", text));
  }
  bool binary(binary_t&) override { return Unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::kShape) {
      if (entries_.back().shape.size() == kMaxRank) {
        return Refuse(absl::StrCat("more than ", kMaxRank, " dimensions"));
      }
      entries_.back().shape.push_back(value);
      return true;
    }
    if (place_ == Place::kOffsets) {
      if (entries_.back().offsets.size() == 2) {
        return Refuse("more than two data_offsets");
      }
      entries_.back().offsets.push_back(value);
      return true;
    }
    return Unexpected(absl::StrCat("the number ", value));
  }

  bool string(string_t& value) override {
    if (place_ == Place::kMetadataValue) {
      place_ = Place::kMetadata;
      return true;
    }
    if (place_ == Place::kDType) {
      const std::optional<DType> dtype = DTypeFromSafetensorsName(value);
      if (!dtype.has_value()) {
        return Refuse(absl::StrCat("unknown dtype ", QuoteString(value)));
      }
      entries_.back().dtype = *dtype;
      place_ = Place::kTensor;
      return true;
    }
    return Unexpected("a string");
  }

  bool key(string_t& value) override {
    switch (place_) {
      case Place::kTop:
        if (!names_.insert(value).second) {
          return Refuse(absl::StrCat("duplicate key ", QuoteString(value)));
        }
        if (value == kMetadataKey) {
          place_ = Place::kMetadataStart;
          return true;
        }
        entries_.emplace_back();
        entries_.back().name = value;
        place_ = Place::kTensorStart;
        return true;
      case Place::kMetadata:
        if (!metadata_keys_.insert(value).second) {
          return Refuse(absl::StrCat("duplicate key ", QuoteString(value),
                                     " in the metadata"));
        }
        place_ = Place::kMetadataValue;
        return true;
      case Place::kTensor:
        for (const Field& field : kFields) {
          if (value != field.key) continue;
          if ((fields_ & field.bit) != 0) {
            return Refuse(absl::StrCat("duplicate key ", QuoteString(value)));
          }
          fields_ |= field.bit;
          place_ = field.place;
          return true;
        }
        return Refuse(absl::StrCat("unknown key ", QuoteString(value)));
      default:
        return Unexpected("a key");
    }
  }

  bool start_object(size_t) override {
    switch (place_) {
      case Place::kStart:
        place_ = Place::kTop;
        return true;
      case Place::kMetadataStart:
        place_ = Place::kMetadata;
        return true;
      case Place::kTensorStart:
        place_ = Place::kTensor;
        fields_ = 0;
        return true;
      default:
        return Unexpected("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::kTensor) {
      if (fields_ != kAllFields || entries_.back().offsets.size() != 2) {
        return Refuse("dtype, shape or data_offsets is missing or incomplete");
      }
    }
    place_ = place_ == Place::kTop ? Place::kEnd : Place::kTop;
    return true;
  }

  bool start_array(size_t) override {
    switch (place_) {
      case Place::kShapeStart:
        place_ = Place::kShape;
        return true;
      case Place::kOffsetsStart:
        place_ = Place::kOffsets;
        return true;
      default:
        return Unexpected("an array");
    }
  }

  bool end_array() override {
    place_ = Place::kTensor;
    return true;
  }

  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return Refuse(absl::StrCat("no JSON at byte ", kLengthBytes + position));
  }

 private:
  enum class Place {
    kStart,
    kTop,
    kMetadataStart,
    kMetadata,
    kMetadataValue,
    kTensorStart,
    kTensor,
    kDType,
    kShapeStart,
    kShape,
    kOffsetsStart,
    kOffsets,
    kEnd,
  };
  struct Field {
    absl::string_view key;
    int bit;
    Place place;
  };
  static constexpr Field kFields[] = {
      {"dtype", 1, Place::kDType},
      {"shape", 2, Place::kShapeStart},
      {"data_offsets", 4, Place::kOffsetsStart},
  };
  static constexpr int kAllFields = 7;

  bool Unexpected(absl::string_view what) {
    return Refuse(absl::StrCat("unexpected ", what));
  }

  bool Refuse(absl::string_view problem) {
    const bool in_tensor = place_ >= Place::kTensorStart &&
                           place_ != Place::kEnd && !entries_.empty();
    status_ = absl::DataLossError(absl::StrCat(
        "broken safetensors header: ",
        in_tensor
            ? absl::StrCat("tensor ", QuoteString(entries_.back().name), ": ")
            : "",
        problem));
    return false;
  }

  Place place_ = Place::kStart;
  int fields_ = 0;  // of the present tensor
  std::vector<Entry> entries_;
  std::set<std::string> names_;
  std::set<std::string> metadata_keys_;
  absl::Status status_;
};

absl::Status Broken(absl::string_view problem) {
  return absl::DataLossError(
      absl::StrCat("broken safetensors file: ", problem));
}

absl::Status BrokenTensor(absl::string_view name, absl::string_view problem) {
  return Broken(absl::StrCat("tensor ", QuoteString(name), ": ", problem));
}

absl::StatusOr<std::vector<Entry>> ParseHeader(absl::string_view header) {
  if (header.empty() || header[0] != '{') {
    return Broken("the header does not begin with '{'");
  }
  // The parser takes a NUL for the end.
  if (header.find('\0') != absl::string_view::npos) {
    return Broken("a NUL in the header");
  }
  HeaderHandler handler;
  const bool is_complete =
      nlohmann::json::sax_parse(header.begin(), header.end(), &handler);
  if (!handler.status().ok()) return handler.status();
  if (!is_complete) return Broken("no JSON in the header");
  return std::move(handler.entries());
}

absl::StatusOr<Weights> MakeWeights(Entry entry, const Bytes& file,
                                    absl::string_view buffer) {
  Weights tensor;
  tensor.type.dtype = entry.dtype;
  tensor.type.shape.reserve(entry.shape.size());
  for (const uint64_t size : entry.shape) {
    if (size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return BrokenTensor(entry.name, absl::StrCat("a dimension of ", size));
    }
    tensor.type.shape.push_back(static_cast<int64_t>(size));
  }
  const uint64_t begin = entry.offsets[0];
  const uint64_t end = entry.offsets[1];
  const std::optional<int64_t> bytes = tensor.type.NumBytes();
  if (!bytes.has_value() || static_cast<uint64_t>(*bytes) != end - begin) {
    return BrokenTensor(
        entry.name, absl::StrCat(tensor.type.ToString(), " does not fit the ",
                                 end - begin, " bytes from ", begin));
  }
  tensor.name = std::move(entry.name);
  tensor.role = Weights::Role::kConstant;
  tensor.data = Bytes(buffer.substr(begin, end - begin), file.owner());
  return tensor;
}

}  // namespace

TensorType StoredType(const TensorType& type) {
  TensorType stored;
  stored.dtype =
      *DTypeFromSafetensorsName(GetDTypeInfo(type.dtype).safetensors_name);
  stored.shape = type.shape;
  if (stored.dtype != type.dtype) {
    stored.shape.push_back(DTypeBytes(type.dtype));
  }
  return stored;
}

absl::StatusOr<WeightsFileRef> WriteSafetensors(
    absl::Span<const Weights> weights, absl::string_view file_name,
    const std::map<std::string, std::string>& metadata, Sink& sink) {
  std::vector<const Weights*> sorted;
  sorted.reserve(weights.size());
  for (const Weights& tensor : weights) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(),
            [](const Weights* a, const Weights* b) {
              const int a_bytes = DTypeBytes(a->type.dtype);
              const int b_bytes = DTypeBytes(b->type.dtype);
              if (a_bytes != b_bytes) return a_bytes > b_bytes;
              return a->name < b->name;
            });
  if (absl::Status status = CheckNames(sorted, metadata); !status.ok()) {
    return status;
  }
  const absl::StatusOr<std::string> header = MakeHeader(sorted, metadata);
  if (!header.ok()) return header.status();
  absl::StatusOr<Sink::File*> file = sink.Create(file_name);
  if (!file.ok()) return file.status();

  WeightsFileRef ref;
  ref.name = std::string(file_name);
  Hasher hasher;
  const auto append = [&](absl::string_view data) {
    ref.size += data.size();
    while (!data.empty()) {
      const absl::string_view chunk = data.substr(0, kChunkBytes);
      hasher.Update(chunk);
      if (absl::Status status = (*file)->Append(chunk); !status.ok()) {
        return status;
      }
      data.remove_prefix(chunk.size());
    }
    return absl::OkStatus();
  };
  absl::Status status = append(EncodeLength(header->size()));
  if (status.ok()) status = append(*header);
  for (size_t i = 0; i < sorted.size() && status.ok(); ++i) {
    status = append(sorted[i]->data.data());
  }
  if (!status.ok()) return status;
  ref.hash = hasher.Digest();
  return ref;
}

absl::StatusOr<std::vector<Weights>> ReadSafetensors(const Bytes& file) {
  const absl::string_view data = file.data();
  if (data.size() < kLengthBytes) {
    return Broken(absl::StrCat(data.size(), " bytes are too few"));
  }
  const uint64_t header_bytes = DecodeLength(data);
  if (header_bytes > kMaxHeaderBytes) {
    return Broken(absl::StrCat("a header of ", header_bytes, " bytes; at most ",
                               kMaxHeaderBytes, " are allowed"));
  }
  if (header_bytes > data.size() - kLengthBytes) {
    return Broken(absl::StrCat("the header of ", header_bytes,
                               " bytes is longer than the file of ",
                               data.size()));
  }
  absl::StatusOr<std::vector<Entry>> entries =
      ParseHeader(data.substr(kLengthBytes, header_bytes));
  if (!entries.ok()) return entries.status();
  const absl::string_view buffer = data.substr(kLengthBytes + header_bytes);

  // In the order of the data, each tensor begins where the last one ended.
  std::sort(
      entries->begin(), entries->end(),
      [](const Entry& a, const Entry& b) { return a.offsets < b.offsets; });
  uint64_t position = 0;
  for (const Entry& entry : *entries) {
    if (entry.offsets[0] != position) {
      return BrokenTensor(
          entry.name,
          absl::StrCat("begins at ", entry.offsets[0],
                       " where the tensor before it ends at ", position));
    }
    if (entry.offsets[1] < position || entry.offsets[1] > buffer.size()) {
      return BrokenTensor(
          entry.name, absl::StrCat("ends at ", entry.offsets[1], ", outside ",
                                   position, " to ", buffer.size()));
    }
    position = entry.offsets[1];
  }
  if (position != buffer.size()) {
    return Broken(absl::StrCat("the tensors end at ", position,
                               ", the data at ", buffer.size()));
  }

  std::sort(entries->begin(), entries->end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  std::vector<Weights> weights;
  weights.reserve(entries->size());
  for (Entry& entry : *entries) {
    absl::StatusOr<Weights> tensor =
        MakeWeights(std::move(entry), file, buffer);
    if (!tensor.ok()) return tensor.status();
    weights.push_back(*std::move(tensor));
  }
  return weights;
}

absl::Status AttachSafetensors(const FileSource& source,
                               const WeightsFileRef& ref, bool check_hash,
                               std::vector<Weights>* weights) {
  const absl::StatusOr<Bytes> file = source.Open(ref.name);
  if (!file.ok()) {
    return absl::Status(file.status().code(),
                        absl::StrCat("the weights file of the graph: ",
                                     file.status().message()));
  }
  const auto mismatch = [&ref](absl::string_view problem) {
    return absl::DataLossError(
        absl::StrCat("the weights file ", QuoteString(ref.name),
                     " does not belong to the graph: ", problem,
                     "; both must come from one conversion"));
  };
  if (file->size() != ref.size) {
    return mismatch(
        absl::StrCat("it has ", file->size(), " bytes, not ", ref.size));
  }
  if (check_hash) {
    Hasher hasher;
    hasher.Update(file->data());
    if (hasher.Digest() != ref.hash) {
      return mismatch(absl::StrFormat("its hash is %016x, not %016x",
                                      hasher.Digest(), ref.hash));
    }
  }
  const absl::StatusOr<std::vector<Weights>> stored = ReadSafetensors(*file);
  if (!stored.ok()) {
    return absl::Status(
        stored.status().code(),
        absl::StrCat(ref.name, ": ", stored.status().message()));
  }
  std::vector<const Weights*> found;
  found.reserve(weights->size());
  for (const Weights& tensor : *weights) {
    const auto match =
        std::lower_bound(stored->begin(), stored->end(), tensor.name,
                         [](const Weights& a, const std::string& name) {
                           return a.name < name;
                         });
    if (match == stored->end() || match->name != tensor.name) {
      return mismatch(
          absl::StrCat("it has no tensor ", QuoteString(tensor.name)));
    }
    const TensorType expected = StoredType(tensor.type);
    if (match->type != expected) {
      return mismatch(absl::StrCat("its tensor ", QuoteString(tensor.name),
                                   " is ", match->type.ToString(), ", not ",
                                   expected.ToString()));
    }
    found.push_back(&*match);
  }
  // Only now, so that nothing is changed on an error.
  for (size_t i = 0; i < weights->size(); ++i) {
    (*weights)[i].data = found[i]->data;
  }
  return absl::OkStatus();
}

}  // namespace flextorchir
