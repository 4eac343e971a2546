// Typed reads of a configuration, by the names its keys have in GGUF metadata and in config.json. What is wrong is thrown
// as kCorrupt, what cannot be run as kUnsupported, naming the key and its value.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "checkpoint/metadata.h"

namespace sheepop {

// "ARCHITECTURE.field" of GGUF metadata. Keeps a reference to it.
class GgufFields {
 public:
  GgufFields(const Metadata& metadata, std::string_view architecture)
      : metadata_(metadata), prefix_(std::string(architecture) + '.') {}

  std::string Key(std::string_view field) const { return prefix_ + std::string(field); }

  size_t Size(std::string_view field) const;  // must be there
  std::optional<size_t> OptionalSize(std::string_view field) const;
  // One number, or a list with one a layer whose numbers are all the same: others cannot be run.
  std::optional<size_t> OptionalUniformSize(std::string_view field) const;
  double Float(std::string_view field) const;  // must be there
  double Float(std::string_view field, double otherwise) const;
  std::optional<double> OptionalFloat(std::string_view field) const { return metadata_.Float(Key(field)); }
  const std::string* String(std::string_view field) const { return metadata_.String(Key(field)); }

 private:
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

  size_t Size(std::string_view field) const;  // must be there
  std::optional<size_t> OptionalSize(std::string_view field) const;
  double Float(std::string_view field) const;  // must be there
  double Float(std::string_view field, double otherwise) const;
  std::optional<double> OptionalFloat(std::string_view field) const;
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
  std::string ValueText(std::string_view field) const;

  const boost::json::object& object_;
  std::string_view prefix_;
};

}  // namespace sheepop
