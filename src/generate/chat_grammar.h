// The parts of a grammar of calls, in Lark's notation.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/warning.h"
#include "generate/chat_row.h"

namespace sheepop {

// The rules of a grammar while it is written.
class GrammarText {
 public:
  explicit GrammarText(const std::vector<std::string>& control_names) : control_names_(control_names) {}

  void Add(std::string_view rule, std::string_view body);
  std::string NewName();  // of a rule
  // A text of marks: control tokens as such, the rest as strings. "" for an empty text.
  std::string Literal(std::string_view text) const;
  static std::string String(std::string_view text);
  static std::string Json(const boost::json::value& schema);
  // Any text in which none of these marks stands. Control tokens stand in no text by themselves.
  std::string TextWithout(const std::vector<std::string>& marks) const;

  const std::string& text() const { return text_; }

 private:
  size_t ControlAt(std::string_view text) const;  // bytes of the control token's name that begins the text; 0: none

  const std::vector<std::string>& control_names_;
  std::string text_;
  size_t names_ = 0;
};

// The parameters of a tool as a schema of an object that can be kept: what cannot, is taken out with a warning.
boost::json::object KeptSchema(const boost::json::object& function, std::string_view name,
                               std::vector<Warning>& warnings);

// What stands for the arguments in the call of a tool: a part of a rule. `schema` as KeptSchema makes it.
std::string ArgumentsText(const ChatRow& row, const CallPart& part, const boost::json::object& schema,
                          GrammarText& grammar);

}  // namespace sheepop
