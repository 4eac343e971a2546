#include "checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file_kind.h"
#include "base/json.h"
#include "base/quoted.h"
#include "checkpoint/tensor_spec.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the bound of the format's own implementation
constexpr size_t kMaxDimensions = 8;
constexpr std::string_view kMetadataKey = "__metadata__";

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

// One tensor's entry in the header. Errors name the file and the tensor.
class EntryReader {
 public:
  EntryReader(std::string_view file, std::string_view tensor, const json::value& entry) : file_(file), tensor_(tensor) {
    if (!entry.is_object()) Fail("its entry must be an object");
    object_ = &entry.get_object();
    for (const auto& member : *object_) {
      const std::string_view key(member.key().data(), member.key().size());
      if (key != "dtype" && key != "shape" && key != "data_offsets") Fail("{} is no part of its entry", Quoted(key));
    }
  }

  template <typename... Args>
  [[noreturn]] void Fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw Error(ErrorCategory::kCorrupt, "{}: tensor {}: {}", file_, Quoted(tensor_),
                fmt::format(format, std::forward<Args>(args)...));
  }

  std::string Text(std::string_view field) const {
    const json::value* value = object_->if_contains(field);
    if (!value || !value->is_string()) Fail("\"{}\" must be a string", field);
    return std::string(View(value->get_string()));
  }

  std::vector<uint64_t> Numbers(std::string_view field) const {
    const json::value* value = object_->if_contains(field);
    if (!value || !value->is_array()) Fail("\"{}\" must be an array", field);
    std::vector<uint64_t> out;
    for (const json::value& element : value->get_array()) {
      json::error_code error;
      const auto number = element.is_double() ? 0 : element.to_number<uint64_t>(error);
      if (error || element.is_double()) Fail("\"{}\" must hold whole numbers of at most 64 bits, at least 0", field);
      out.push_back(number);
    }
    return out;
  }

 private:
  std::string_view file_, tensor_;
  const json::object* object_;
};

struct Entry {
  std::string name, type_name;
  std::optional<DType> type;  // absent when the type is not read here
  std::vector<uint64_t> shape;
  uint64_t begin, end;  // in the data section
};

std::optional<DType> ReadableType(std::string_view name) {
  if (name == "F32") return DType::kF32;
  if (name == "F16") return DType::kF16;
  if (name == "BF16") return DType::kBF16;
  return std::nullopt;
}

Entry ReadEntry(std::string_view file, std::string_view name, const json::value& value, uint64_t data_bytes) {
  const EntryReader reader(file, name, value);
  Entry entry{std::string(name), reader.Text("dtype"), {}, reader.Numbers("shape"), 0, 0};
  entry.type = ReadableType(entry.type_name);
  if (entry.shape.size() > kMaxDimensions) {
    reader.Fail("\"shape\" has {} dimensions, the bound is {}", entry.shape.size(), kMaxDimensions);
  }
  if (!ElementCount(entry.shape)) {
    reader.Fail("its shape {} has a dimension of 0 or more than 2^63 - 1 elements", ShapeText(entry.shape));
  }
  const std::vector<uint64_t> offsets = reader.Numbers("data_offsets");
  if (offsets.size() != 2) reader.Fail("\"data_offsets\" has {} numbers, must have 2", offsets.size());
  entry.begin = offsets[0];
  entry.end = offsets[1];
  if (entry.begin > entry.end || entry.end > data_bytes) {
    reader.Fail(
        "\"data_offsets\" [{}, {}] leave the file, whose data section has {} bytes; the file is damaged or cut "
        "short",
        entry.begin, entry.end, data_bytes);
  }
  if (!entry.type) return entry;
  const std::optional<uint64_t> size = ByteCount(*entry.type, entry.shape);
  if (!size || *size != entry.end - entry.begin) {
    reader.Fail("\"data_offsets\" [{}, {}] span {} bytes, but shape {} as {} has {}", entry.begin, entry.end,
                entry.end - entry.begin, ShapeText(entry.shape), entry.type_name,
                size ? fmt::to_string(*size) : "more than 2^63 - 1");
  }
  return entry;
}

// The format asks for no gaps and no shared bytes, which also bounds memory by the size of the file.
void RequireEndToEnd(std::string_view file, const std::vector<Entry>& sorted, uint64_t data_bytes) {
  uint64_t expected = 0;
  for (const Entry& entry : sorted) {
    if (entry.begin != expected) {
      throw Error(
          ErrorCategory::kCorrupt,
          "{}: tensor {}: \"data_offsets\" begin at {}, but the tensor before ends at {}; tensors must lie end to end",
          file, Quoted(entry.name), entry.begin, expected);
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    throw Error(ErrorCategory::kCorrupt, "{}: the tensors end at byte {} of a data section of {} bytes", file, expected,
                data_bytes);
  }
}

std::map<std::string, std::string> ReadMetadata(std::string_view file, const json::value& value) {
  const auto fail = [&](std::string_view what) {
    throw Error(ErrorCategory::kCorrupt, "{}: \"{}\" {}", file, kMetadataKey, what);
  };
  if (!value.is_object()) fail("must be an object");
  std::map<std::string, std::string> out;
  for (const auto& [key, text] : value.get_object()) {
    if (!text.is_string()) fail(fmt::format("key {} must hold a string", Quoted(View(key))));
    out.emplace(View(key), View(text.get_string()));
  }
  return out;
}

uint64_t HeaderBytes(std::string_view file, std::span<const std::byte> bytes) {
  uint64_t size;
  if (bytes.size() < sizeof(size)) {
    throw Error(ErrorCategory::kCorrupt, "{}: {} bytes are too few for a safetensors file", file, bytes.size());
  }
  std::memcpy(&size, bytes.data(), sizeof(size));
  if (size > kMaxHeaderBytes) {
    throw Error(ErrorCategory::kLimit, "{}: header length {} is past the bound of {} bytes", file, size,
                kMaxHeaderBytes);
  }
  if (size > bytes.size() - sizeof(size)) {
    throw Error(ErrorCategory::kCorrupt, "{}: header length {} leaves the file of {} bytes; it is damaged or cut short",
                file, size, bytes.size());
  }
  return size;
}

}  // namespace

SafetensorsFile SafetensorsFile::Open(const std::filesystem::path& path) {
  auto map = std::make_shared<const MappedFile>(MappedFile::Open(path));
  SafetensorsFile file = Parse(map->bytes(), path.string());
  file.map_ = std::move(map);
  return file;
}

SafetensorsFile SafetensorsFile::Parse(std::span<const std::byte> bytes, std::string_view name) {
  // A damaged length or a missing brace is better told by the checks below than as "unknown file".
  if (const FileKind kind = Sniff(bytes); kind != FileKind::kSafetensors && kind != FileKind::kUnknown) {
    throw WrongFile(name, bytes, "a safetensors file");
  }
  const uint64_t header_bytes = HeaderBytes(name, bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof(uint64_t), header_bytes);
  const std::string header_name = fmt::format("{}: header", name);
  const json::object header = ParseJsonObject(text, header_name);
  const auto data = bytes.subspan(sizeof(uint64_t) + header_bytes);

  SafetensorsFile file;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header) {
    if (View(key) == kMetadataKey) {
      file.metadata_ = ReadMetadata(name, value);
    } else {
      entries.push_back(ReadEntry(name, View(key), value, data.size()));
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::pair(entry.begin, entry.end); });
  RequireEndToEnd(name, entries, data.size());
  for (Entry& entry : entries) {
    if (entry.type) {
      file.tensors_.push_back({std::move(entry.name), *entry.type, std::move(entry.shape),
                               data.subspan(entry.begin, entry.end - entry.begin)});
    } else {
      file.unreadable_.push_back({std::move(entry.name), std::move(entry.type_name), std::move(entry.shape),
                                  data.subspan(entry.begin, entry.end - entry.begin)});
    }
  }
  for (size_t i = 0; i < file.tensors_.size(); ++i) file.by_name_.emplace(file.tensors_[i].name, i);
  return file;
}

const TensorInfo* SafetensorsFile::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return &tensors_[found->second];
  for (const UnreadableTensor& tensor : unreadable_) {
    if (tensor.name != name) continue;
    throw Error(ErrorCategory::kUnsupported,
                "tensor {} has type {}, which is not read here{}; get the model's weights as F32, F16 or BF16",
                Quoted(name), Quoted(tensor.type),
                tensor.type == "F8_E4M3" ? fmt::format(" without its scales {}", Quoted(tensor.name + "_scale_inv"))
                                         : std::string());
  }
  return nullptr;
}

void SafetensorsFile::Release(const TensorInfo& tensor) const { Release(tensor.bytes); }

void SafetensorsFile::Release(std::span<const std::byte> part) const {
  if (map_) map_->Release(part);
}

std::shared_ptr<const void> SafetensorsFile::Hold(const TensorInfo&) const { return map_; }

}  // namespace sheepop
