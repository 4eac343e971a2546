// Arguments that models write as marked text, as JSON: each value by the type that the tool's schema gives it.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "generate/chat_row.h"

namespace sheepop {

// The kinds of JSON values that a schema allows.
struct ValueTypes {
  bool text = false, number = false, boolean = false, null = false, object = false, array = false;

  static ValueTypes All() { return {true, true, true, true, true, true}; }
  bool only_text() const { return text && !number && !boolean && !null && !object && !array; }
  bool none() const { return !text && !number && !boolean && !null && !object && !array; }
};

// Schemas of the tools' parameters. The tools must outlive it.
class ToolSchemas {
 public:
  // OpenAI's form; also {"name", "parameters"} without the function around it.
  explicit ToolSchemas(const boost::json::array& tools) : tools_(tools) {}

  bool empty() const { return tools_.empty(); }
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // The schema of an argument of a tool; null where nothing is said of it.
  const boost::json::value* Argument(std::string_view tool, std::string_view key) const;
  const boost::json::value* Parameters(std::string_view tool) const;

 private:
  const boost::json::object* Find(std::string_view name) const;

  const boost::json::array& tools_;
};

// `root`: the schema that references start from. Null allows everything.
ValueTypes TypesOf(const boost::json::value* schema, const boost::json::value* root);

// The value of an argument as JSON. A text whose type is not known is JSON where it parses as such and the schema allows
// it, else text. `word` is the type that stands beside the value, if the family writes one.
std::string ArgumentJson(std::string_view text, const boost::json::value* schema, const boost::json::value* root,
                         const PairMarks& marks, std::string_view word);

}  // namespace sheepop
