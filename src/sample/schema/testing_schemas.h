// Schemas as text, read.
#pragma once

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sample/schema/json_schema.h"
#include "sample/schema/node.h"

namespace sheepop::schema {

struct Reading {
  Document document;
  SchemaNotes notes;

  const Node& root() const { return document[document.root]; }
  const Node& property(std::string_view name) const {
    for (const auto& [known, id] : root().properties) {
      if (known == name) return document[id];
    }
    throw std::out_of_range(std::string(name));
  }
  std::vector<std::string> told() const {  // "CODE THING"
    std::vector<std::string> out;
    for (const Warning& warning : notes.warnings) out.push_back(warning.code + " " + warning.thing);
    return out;
  }
};

inline Reading ReadText(std::string_view schema, const SchemaOptions& options = {}) {
  Reading reading;
  boost::json::parse_options parsing;
  parsing.max_depth = 1000;
  reading.document = ReadSchema(boost::json::parse(schema, {}, parsing), options, reading.notes);
  return reading;
}

// "CATEGORY POINTER KEYWORD" of the refusal; empty where there is none.
inline std::string Refusal(std::string_view schema, const SchemaOptions& options = {}) {
  try {
    ReadText(schema, options);
    return "";
  } catch (const SchemaError& error) {
    return fmt::format("{} {} {}", Name(error.category()), error.fault().pointer, error.fault().keyword);
  }
}

inline std::string RefusalMessage(std::string_view schema) {
  try {
    ReadText(schema);
    return "";
  } catch (const SchemaError& error) {
    return error.what();
  }
}

}  // namespace sheepop::schema
