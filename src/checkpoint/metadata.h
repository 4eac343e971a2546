// The key-value part of a checkpoint, typed as in GGUF. Plain data, immutable once read, shared freely between threads.
// Arrays hold one element type; nested arrays are refused when read. Strings are raw bytes, valid UTF-8 or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace sheepop {

class Metadata {
 public:
  // Integers of every width are kept as int64 or uint64, floats as double; `GgufType` keeps the width for writing back.
  using Value =
      std::variant<bool, int64_t, uint64_t, double, std::string, std::vector<uint8_t> /* bools */, std::vector<int64_t>,
                   std::vector<uint64_t>, std::vector<double>, std::vector<std::string>>;

  // clang-format off
  enum class GgufType : uint32_t {
    kUint8 = 0, kInt8 = 1, kUint16 = 2, kInt16 = 3, kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8,
    kArray = 9, kUint64 = 10, kInt64 = 11, kFloat64 = 12,
  };
  // clang-format on

  struct Entry {
    std::string key;
    GgufType type;  // of the value, or of the elements when value is a vector; never kArray
    Value value;    // the alternative that holds `type`: unsigned types are uint64_t, signed ones int64_t, ...
  };

  // In file order. Keys are unique: Set replaces.
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* Find(std::string_view key) const;
  void Set(std::string key, GgufType type, Value value);
  void Remove(std::string_view key);  // linear in the number of entries

  // Typed reads. Nullopt (or null) when the key is absent; kCorrupt, naming the key and both types, when it holds
  // another type. Integers convert between widths and signs when the value fits, and to double.
  std::optional<bool> Bool(std::string_view key) const;
  std::optional<int64_t> Int(std::string_view key) const;
  std::optional<double> Float(std::string_view key) const;
  const std::string* String(std::string_view key) const;
  const std::vector<std::string>* Strings(std::string_view key) const;
  std::optional<std::vector<int64_t>> Ints(std::string_view key) const;
  std::optional<std::vector<double>> Floats(std::string_view key) const;

  // The same, for a key that must be there: kCorrupt naming it otherwise.
  int64_t RequireInt(std::string_view key) const;
  double RequireFloat(std::string_view key) const;
  const std::string& RequireString(std::string_view key) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };

  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> index_;  // key -> position in entries_
};

// "uint32", "string", ...; "unknown" for a number that is no GGUF type.
std::string_view Name(Metadata::GgufType type);

}  // namespace sheepop
