// Typed reads of a configuration, by the names its keys have in GGUF metadata and in config.json. What is wrong is thrown
// as kCorrupt, what cannot be run as kUnsupported, naming the key and its value.
#pragma once

#include <fmt/core.h>

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "checkpoint/metadata.h"

namespace sheepop {

// Names the key that is at fault, as it stands in the file ("llama.block_count", "rope_scaling.factor").
class KeyError : public Error {
 public:
  KeyError(ErrorCategory category, std::string key, const std::string& message)
      : Error(category, message), key_(std::move(key)) {}
  const std::string& key() const { return key_; }

 private:
  std::string key_;
};

// "ARCHITECTURE.field" of GGUF metadata. Keeps a reference to it.
class GgufFields {
 public:
  GgufFields(const Metadata& metadata, std::string_view architecture)
      : metadata_(metadata), prefix_(std::string(architecture) + '.') {}

  std::string Key(std::string_view field) const { return prefix_ + std::string(field); }

  size_t Size(std::string_view field, size_t most) const;  // must be there and 1 to `most`
  std::optional<size_t> OptionalSize(std::string_view field) const;
  // One number, or a list with one a layer whose numbers are all the same: others cannot be run.
  // `skips`: those may also have 0 instead; such layers are told apart by LayersWithout.
  std::optional<size_t> OptionalUniformSize(std::string_view field, bool skips = false) const;
  // The layers for which a list holds 0.
  std::vector<bool> LayersWithout(std::string_view field, size_t layers) const;
  // A list with one a layer, each 1 to `most`; nullopt where the key holds none.
  std::optional<std::vector<size_t>> SizesByLayer(std::string_view field, size_t layers, size_t most) const;
  size_t UniformSize(std::string_view field, size_t most) const;  // must be there and 1 to `most`
  double Float(std::string_view field) const;                     // must be there
  double Float(std::string_view field, double otherwise) const;
  std::optional<double> OptionalFloat(std::string_view field) const { return metadata_.Float(Key(field)); }
  bool Bool(std::string_view field, bool otherwise) const { return metadata_.Bool(Key(field)).value_or(otherwise); }
  // A factor; 1 where it is absent or 0, which is how files say none. Must be at least 0.
  double Multiplier(std::string_view field) const;
  const std::string* String(std::string_view field) const { return metadata_.String(Key(field)); }
  // One for each of the layers, from a list of true and false; nullopt where the key holds none.
  std::optional<std::vector<bool>> OptionalFlags(std::string_view field, size_t layers) const;

  // Throw kCorrupt and kUnsupported: "metadata KEY is VALUE, PROBLEM".
  template <typename T>
  [[noreturn]] void Reject(std::string_view field, const T& value, std::string_view problem) const {
    Throw(ErrorCategory::kCorrupt, field, fmt::format("{}", value), problem);
  }
  template <typename T>
  [[noreturn]] void Refuse(std::string_view field, const T& value, std::string_view problem) const {
    Throw(ErrorCategory::kUnsupported, field, fmt::format("{}", value), problem);
  }

 private:
  [[noreturn]] void Throw(ErrorCategory category, std::string_view field, const std::string& value,
                          std::string_view problem) const;
  [[noreturn]] void ThrowMissing(std::string_view field) const;
  bool IsList(std::string_view field) const;

  const Metadata& metadata_;
  std::string prefix_;
};

// Fields of config.json, or of an object inside it. Null counts as absent but for IsNull. Keeps a reference.
class HfFields {
 public:
  // `prefix` stands before the names in messages: "rope_scaling.".
  explicit HfFields(const boost::json::object& object, std::string_view prefix = {})
      : object_(object), prefix_(prefix) {}

  bool Has(std::string_view field) const { return Find(field) != nullptr; }
  bool IsNull(std::string_view field) const;

  size_t Size(std::string_view field, size_t most) const;  // must be there and 1 to `most`
  std::optional<size_t> OptionalSize(std::string_view field) const;
  double Float(std::string_view field) const;  // must be there
  double Float(std::string_view field, double otherwise) const;
  std::optional<double> OptionalFloat(std::string_view field) const;
  // A factor, above 0; `otherwise` where it is absent.
  double Multiplier(std::string_view field, double otherwise) const;
  bool Bool(std::string_view field, bool otherwise) const;
  std::optional<std::string> String(std::string_view field) const;
  const boost::json::object* Object(std::string_view field) const;
  const boost::json::array* Array(std::string_view field) const;

  // kCorrupt: "config.json: FIELD is VALUE, PROBLEM".
  [[noreturn]] void Reject(std::string_view field, std::string_view problem) const;
  // The same as kUnsupported.
  [[noreturn]] void Refuse(std::string_view field, std::string_view problem) const;

 private:
  const boost::json::value* Find(std::string_view field) const;
  [[noreturn]] void Throw(ErrorCategory category, std::string_view field, std::string_view problem) const;
  [[noreturn]] void ThrowMissing(std::string_view field) const;

  const boost::json::object& object_;
  std::string_view prefix_;
};

}  // namespace sheepop
