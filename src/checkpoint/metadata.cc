#include "checkpoint/metadata.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "base/error.h"
#include "base/quoted.h"

namespace sheepop {
namespace {

using Entry = Metadata::Entry;
using GgufType = Metadata::GgufType;

// The position of the alternative of Metadata::Value that holds a scalar of `type`; its array is five further on.
[[maybe_unused]] size_t ScalarAlternative(GgufType type) {
  switch (type) {
    case GgufType::kBool: return 0;
    case GgufType::kInt8:
    case GgufType::kInt16:
    case GgufType::kInt32:
    case GgufType::kInt64: return 1;
    case GgufType::kUint8:
    case GgufType::kUint16:
    case GgufType::kUint32:
    case GgufType::kUint64: return 2;
    case GgufType::kFloat32:
    case GgufType::kFloat64: return 3;
    case GgufType::kString: return 4;
    case GgufType::kArray: break;
  }
  return std::variant_npos;
}

bool IsArray(const Entry& entry) { return entry.value.index() >= 5; }

[[noreturn]] void ThrowWrongType(const Entry& entry, std::string_view wanted) {
  throw Error(ErrorCategory::kCorrupt, "metadata key {} holds {} {}, but must hold {}", Quoted(entry.key),
              IsArray(entry) ? "an array of" : "a value of type", Name(entry.type), wanted);
}

const Entry& Require(const Metadata& metadata, std::string_view key) {
  const Entry* entry = metadata.Find(key);
  if (!entry) throw Error(ErrorCategory::kCorrupt, "metadata key {} is missing", Quoted(key));
  return *entry;
}

int64_t ToSigned(const Entry& entry, uint64_t value) {
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    throw Error(ErrorCategory::kCorrupt, "metadata key {} holds {}, more than the {} that fits a signed integer",
                Quoted(entry.key), value, std::numeric_limits<int64_t>::max());
  }
  return static_cast<int64_t>(value);
}

int64_t IntOf(const Entry& entry) {
  if (const auto* value = std::get_if<int64_t>(&entry.value)) return *value;
  if (const auto* value = std::get_if<uint64_t>(&entry.value)) return ToSigned(entry, *value);
  ThrowWrongType(entry, "an integer");
}

double FloatOf(const Entry& entry) {
  if (const auto* value = std::get_if<double>(&entry.value)) return *value;
  if (const auto* value = std::get_if<int64_t>(&entry.value)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<uint64_t>(&entry.value)) return static_cast<double>(*value);
  ThrowWrongType(entry, "a number");
}

template <typename T>
const T* Get(const Metadata& metadata, std::string_view key, std::string_view wanted) {
  const Entry* entry = metadata.Find(key);
  if (!entry) return nullptr;
  const T* value = std::get_if<T>(&entry->value);
  if (!value) ThrowWrongType(*entry, wanted);
  return value;
}

}  // namespace

std::string_view Name(Metadata::GgufType type) {
  switch (type) {
    case GgufType::kUint8: return "uint8";
    case GgufType::kInt8: return "int8";
    case GgufType::kUint16: return "uint16";
    case GgufType::kInt16: return "int16";
    case GgufType::kUint32: return "uint32";
    case GgufType::kInt32: return "int32";
    case GgufType::kFloat32: return "float32";
    case GgufType::kBool: return "bool";
    case GgufType::kString: return "string";
    case GgufType::kArray: return "array";
    case GgufType::kUint64: return "uint64";
    case GgufType::kInt64: return "int64";
    case GgufType::kFloat64: return "float64";
  }
  return "unknown";
}

const Metadata::Entry* Metadata::Find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

void Metadata::Set(std::string key, GgufType type, Value value) {
  assert(value.index() % 5 == ScalarAlternative(type));
  const auto [found, added] = index_.try_emplace(key, entries_.size());
  if (added) {
    entries_.push_back({std::move(key), type, std::move(value)});
  } else {
    entries_[found->second] = {std::move(key), type, std::move(value)};
  }
}

void Metadata::Remove(std::string_view key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  const size_t position = found->second;
  index_.erase(found);
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(position));
  for (auto& [name, at] : index_) at -= at > position;
}

std::optional<bool> Metadata::Bool(std::string_view key) const {
  const bool* value = Get<bool>(*this, key, "a bool");
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<int64_t> Metadata::Int(std::string_view key) const {
  const Entry* entry = Find(key);
  return entry ? std::optional(IntOf(*entry)) : std::nullopt;
}

std::optional<double> Metadata::Float(std::string_view key) const {
  const Entry* entry = Find(key);
  return entry ? std::optional(FloatOf(*entry)) : std::nullopt;
}

const std::string* Metadata::String(std::string_view key) const { return Get<std::string>(*this, key, "a string"); }

const std::vector<std::string>* Metadata::Strings(std::string_view key) const {
  return Get<std::vector<std::string>>(*this, key, "an array of strings");
}

std::optional<std::vector<int64_t>> Metadata::Ints(std::string_view key) const {
  const Entry* entry = Find(key);
  if (!entry) return std::nullopt;
  if (const auto* values = std::get_if<std::vector<int64_t>>(&entry->value)) return *values;
  const auto* values = std::get_if<std::vector<uint64_t>>(&entry->value);
  if (!values) ThrowWrongType(*entry, "an array of integers");
  std::vector<int64_t> out(values->size());
  std::ranges::transform(*values, out.begin(), [&](uint64_t value) { return ToSigned(*entry, value); });
  return out;
}

std::optional<std::vector<double>> Metadata::Floats(std::string_view key) const {
  const Entry* entry = Find(key);
  if (!entry) return std::nullopt;
  if (const auto* values = std::get_if<std::vector<double>>(&entry->value)) return *values;
  if (const auto* values = std::get_if<std::vector<int64_t>>(&entry->value)) {
    return std::vector<double>(values->begin(), values->end());
  }
  const auto* values = std::get_if<std::vector<uint64_t>>(&entry->value);
  if (!values) ThrowWrongType(*entry, "an array of numbers");
  return std::vector<double>(values->begin(), values->end());
}

int64_t Metadata::RequireInt(std::string_view key) const { return IntOf(Require(*this, key)); }

double Metadata::RequireFloat(std::string_view key) const { return FloatOf(Require(*this, key)); }

const std::string& Metadata::RequireString(std::string_view key) const {
  Require(*this, key);
  return *String(key);
}

}  // namespace sheepop
