// Lark's grammar files: https://lark-parser.readthedocs.io/en/stable/grammar.html.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sample/notation/rules.h"

namespace sheepop::notation {

// A rule with parameters, "_list{x, y}": a body for each set of arguments.
struct LarkTemplate {
  std::string name;
  uint32_t offset = 0;
  bool defined = false;
  std::vector<std::string> parameters = {};
  NodeId body = 0;
};

// Writes out the templates: afterwards no rule has a node kTemplate or kParameter. Throws kInvalidArgument for a template
// that is not defined or has other arguments, kLimit where they make each other without end.
void WriteOutTemplates(const std::vector<LarkTemplate>& templates, const Source& source, Rules& rules);

class LarkReader {
 public:
  // The start of what `%json {...}` allows, from the text of the schema.
  using AddSchema = std::function<grammar::Symbol(std::string_view json)>;

  LarkReader(std::string_view text, AddSchema add_schema);

  // As AddRules takes them. Once.
  Rules Read();

  const Source& source() const { return source_; }

 private:
  struct Place {
    bool terminal = false;                                 // in a terminal, not a rule
    const std::vector<std::string>* parameters = nullptr;  // of the template, if it is one
    size_t depth = 0;
  };

  void SkipBlank(bool lines);
  bool TakeBar(size_t depth);
  void EndStatement();

  void ReadDirective();
  void ReadImport();
  void ImportCommon(std::string_view name, std::string_view as, size_t offset);
  void ReadDefinition();
  std::vector<std::string> ReadParameters();
  void Define(uint32_t rule, size_t offset, NodeId body);
  void RequireRegularTerminals() const;

  std::string_view TakeName(std::string_view what);
  uint32_t RuleNamed(std::string_view name, size_t offset);
  NodeId RuleNode(uint32_t rule, size_t offset);
  NodeId WithIgnored(NodeId node, const Place& place);

  NodeId ReadAlternatives(const Place& place);
  NodeId ReadSequence(const Place& place);
  std::optional<NodeId> ReadItem(const Place& place);
  NodeId ReadGroup(Place place, std::string_view close);
  std::optional<NodeId> ReadValue(const Place& place);
  NodeId ReadNamed(const Place& place);
  NodeId ReadTemplateUse(std::string_view name, size_t offset, const Place& place);
  NodeId ReadString();
  NodeId ReadRange(size_t offset, const std::string& first);
  std::string ReadStringText();
  char32_t ReadStringCharacter(size_t begin);  // of a string that begins there
  NodeId ReadRegex(Node::Kind kind);
  NodeId ReadControl();
  NodeId ReadSchema(const Place& place);
  NodeId ReadRepetition(NodeId part);

  Source source_;
  AddSchema add_schema_;
  Rules rules_;
  std::map<std::string, uint32_t> names_;  // of rules and terminals
  std::vector<LarkTemplate> templates_;
  std::map<std::string, uint32_t> template_names_;
  uint32_t ignored_rule_ = 0;    // what may stand between terminals
  std::vector<NodeId> ignored_;  // its alternatives
};

}  // namespace sheepop::notation
