#include "sample/notation/lark_reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/utf8.h"
#include "sample/notation/lark_common.h"
#include "sample/notation/lark_pattern.h"
#include "sample/notation/strong_components.h"

namespace sheepop::notation {

using grammar::CharSet;

namespace {

constexpr std::string_view kAllowed = "a name, a string, an /expression/, a group, a <token>, | or the end of the line";

bool IsNameCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_'; }
bool IsLowerLetter(char c) { return c >= 'a' && c <= 'z'; }

bool IsTerminalName(std::string_view name) {
  const size_t first = name.find_first_not_of('_');
  return first != std::string_view::npos && name[first] >= 'A' && name[first] <= 'Z';
}

}  // namespace

LarkReader::LarkReader(std::string_view text, AddSchema add_schema)
    : source_(text), add_schema_(std::move(add_schema)) {
  ignored_rule_ = RuleNamed("%ignore", 0);
}

Rules LarkReader::Read() {
  SkipBlank(true);
  while (!source_.AtEnd()) {
    if (source_.Peek() == '%') {
      ReadDirective();
    } else {
      ReadDefinition();
    }
    EndStatement();
  }
  std::vector<NodeId> ignored = std::move(ignored_);
  const bool any = !ignored.empty();
  const NodeId choice = rules_.AddChoice(0, std::move(ignored));
  Define(ignored_rule_, 0, any ? rules_.AddRepeat(0, choice, 0, kNoEnd) : rules_.AddSequence(0, {}));
  const auto start = names_.find("start");
  if (start == names_.end()) {
    throw Error(ErrorCategory::kInvalidArgument, "the grammar has no rule start; begin with start: ...");
  }
  WriteOutTemplates(templates_, source_, rules_);
  for (const NamedRule& rule : rules_.rules) {
    if (!rule.defined) throw source_.Fault(rule.offset, fmt::format("{} is not defined", rule.name));
  }
  RequireRegularTerminals();
  const uint32_t whole = static_cast<uint32_t>(rules_.rules.size());
  rules_.rules.push_back({.name = "start"});
  Define(whole, 0, rules_.AddSequence(0, {RuleNode(ignored_rule_, 0), RuleNode(start->second, 0)}));
  rules_.start = whole;
  return std::move(rules_);
}

void LarkReader::RequireRegularTerminals() const {
  std::vector<std::vector<uint32_t>> uses(rules_.rules.size());
  for (size_t rule = 0; rule < uses.size(); ++rule) {
    if (IsTerminalName(rules_.rules[rule].name)) uses[rule] = rules_.Uses(rules_.rules[rule].body);
  }
  for (const std::vector<uint32_t>& component : StrongComponents(uses)) {
    const uint32_t first = component[0];
    if (component.size() == 1 && std::ranges::find(uses[first], first) == uses[first].end()) continue;
    const NamedRule& rule = rules_.rules[first];
    throw source_.Fault(
        rule.offset, fmt::format("the terminal {} is made of itself; write it as a rule, in small letters", rule.name));
  }
}

void LarkReader::SkipBlank(bool lines) {
  for (;;) {
    const char c = source_.Peek();
    if (c == '#' || source_.Begins("//")) {
      source_.SkipLine();
    } else if (c == ' ' || c == '\t' || c == '\f' || (lines && (c == '\n' || c == '\r'))) {
      source_.Skip(1);
    } else {
      return;
    }
  }
}

// An alternative may stand on a line of its own that begins with "|".
bool LarkReader::TakeBar(size_t depth) {
  const Source before = source_;
  SkipBlank(true);
  if (source_.Take("|")) return true;
  if (depth == 0) source_ = before;
  return false;
}

void LarkReader::EndStatement() {
  SkipBlank(false);
  if (!source_.AtEnd() && source_.Peek() != '\n' && source_.Peek() != '\r') throw source_.Expected(kAllowed);
  SkipBlank(true);
}

void LarkReader::ReadDirective() {
  const size_t offset = source_.offset();
  source_.Skip(1);
  const std::string_view name = source_.TakeWhile(IsNameCharacter);
  if (name == "import") return ReadImport();
  if (name == "ignore") {
    SkipBlank(false);
    ignored_.push_back(ReadAlternatives({.terminal = true}));
    return;
  }
  if (name == "declare" || name == "override" || name == "extend") {
    throw source_.At(offset, ErrorCategory::kUnsupported,
                     fmt::format("%{} refers to what is not in this file; write the rule here", name));
  }
  throw source_.Fault(offset, fmt::format("%{} stands where a rule, %import or %ignore is expected", name));
}

void LarkReader::ReadImport() {
  SkipBlank(false);
  const size_t offset = source_.offset();
  if (!source_.Take("common")) {
    throw source_.At(offset, ErrorCategory::kUnsupported,
                     "only \"common\" can be imported, no files: %import common.INT, or write the rule here");
  }
  if (source_.Take(".")) {
    const size_t begin = source_.offset();
    const std::string_view name = TakeName("the name of a terminal");
    SkipBlank(false);
    std::string_view as = name;
    if (source_.Take("->")) {
      SkipBlank(false);
      as = TakeName("a name");
    }
    return ImportCommon(name, as, begin);
  }
  SkipBlank(false);
  if (!source_.Take("(")) throw source_.Expected(".NAME or (NAME, ...)");
  do {
    SkipBlank(true);
    const size_t begin = source_.offset();
    const std::string_view name = TakeName("the name of a terminal");
    ImportCommon(name, name, begin);
    SkipBlank(true);
  } while (source_.Take(","));
  if (!source_.Take(")")) throw source_.Expected(", or )");
}

void LarkReader::ImportCommon(std::string_view name, std::string_view as, size_t offset) {
  const std::optional<std::string_view> pattern = CommonTerminal(name);
  if (!pattern) {
    throw source_.Fault(offset, fmt::format("common has no {}; it has {}", name, CommonTerminalNames()));
  }
  if (!IsTerminalName(as))
    throw source_.Fault(offset, fmt::format("{} is a terminal, and {} is no name of one", name, as));
  Define(RuleNamed(as, offset), offset, rules_.AddText(Node::kPattern, offset, std::string(*pattern)));
}

void LarkReader::ReadDefinition() {
  while (source_.Take("!") || source_.Take("?")) {
  }
  const size_t offset = source_.offset();
  const std::string_view name = TakeName("the name of a rule or a terminal, %import or %ignore");
  const bool terminal = IsTerminalName(name);
  const bool is_template = !terminal && source_.Peek() == '{';
  std::vector<std::string> parameters;
  if (is_template) parameters = ReadParameters();
  if (source_.Take(".")) {
    source_.Take("-");
    if (source_.TakeWhile(IsDigit).empty()) throw source_.Expected("a priority, a whole number");
  }
  SkipBlank(false);
  if (!source_.Take(":")) throw source_.Expected(":");
  SkipBlank(false);
  if (!is_template) {
    const uint32_t rule = RuleNamed(name, offset);
    return Define(rule, offset, ReadAlternatives({.terminal = terminal}));
  }
  const auto [at, is_new] = template_names_.try_emplace(std::string(name), static_cast<uint32_t>(templates_.size()));
  if (is_new) templates_.push_back({.name = std::string(name)});
  if (templates_[at->second].defined)
    throw source_.Fault(offset, fmt::format("the template {} is defined twice", name));
  const NodeId body = ReadAlternatives({.parameters = &parameters});
  LarkTemplate& made = templates_[at->second];
  made.offset = static_cast<uint32_t>(offset);
  made.defined = true;
  made.body = body;
  made.parameters = std::move(parameters);
}

std::vector<std::string> LarkReader::ReadParameters() {
  std::vector<std::string> parameters;
  do {
    source_.Skip(1);
    SkipBlank(true);
    parameters.emplace_back(TakeName("the name of a parameter"));
    SkipBlank(true);
  } while (source_.Peek() == ',');
  if (!source_.Take("}")) throw source_.Expected(", or }");
  return parameters;
}

void LarkReader::Define(uint32_t rule, size_t offset, NodeId body) {
  NamedRule& made = rules_.rules[rule];
  if (made.defined) throw source_.Fault(offset, fmt::format("{} is defined twice", made.name));
  made.offset = static_cast<uint32_t>(offset);
  made.defined = true;
  made.body = body;
}

std::string_view LarkReader::TakeName(std::string_view what) {
  if (!IsNameCharacter(source_.Peek()) || IsDigit(source_.Peek())) throw source_.Expected(what);
  return source_.TakeWhile(IsNameCharacter);
}

uint32_t LarkReader::RuleNamed(std::string_view name, size_t offset) {
  const auto [at, is_new] = names_.try_emplace(std::string(name), static_cast<uint32_t>(rules_.rules.size()));
  if (is_new) rules_.rules.push_back({.name = std::string(name), .offset = static_cast<uint32_t>(offset)});
  return at->second;
}

NodeId LarkReader::RuleNode(uint32_t rule, size_t offset) {
  return rules_.Add({.kind = Node::kRule, .offset = static_cast<uint32_t>(offset), .index = rule});
}

// What is ignored may stand behind each terminal of a rule; before the first one it stands at the start.
NodeId LarkReader::WithIgnored(NodeId node, const Place& place) {
  if (place.terminal) return node;
  const size_t offset = rules_.nodes[node].offset;
  return rules_.AddSequence(offset, {node, RuleNode(ignored_rule_, offset)});
}

NodeId LarkReader::ReadAlternatives(const Place& place) {
  if (place.depth > Rules::kMostDepth) {
    throw source_.At(source_.offset(), ErrorCategory::kLimit,
                     fmt::format("groups are nested more than {} deep, which is the bound", Rules::kMostDepth));
  }
  const size_t offset = source_.offset();
  std::vector<NodeId> alternatives{ReadSequence(place)};
  while (TakeBar(place.depth)) {
    SkipBlank(place.depth > 0);
    alternatives.push_back(ReadSequence(place));
  }
  return rules_.AddChoice(offset, std::move(alternatives));
}

NodeId LarkReader::ReadSequence(const Place& place) {
  const size_t offset = source_.offset();
  std::vector<NodeId> parts;
  while (const std::optional<NodeId> item = ReadItem(place)) {
    parts.push_back(*item);
    SkipBlank(place.depth > 0);
  }
  if (source_.Take("->")) {  // the name of a tree
    SkipBlank(false);
    TakeName("the name of an alias");
    SkipBlank(place.depth > 0);
  }
  return rules_.AddSequence(offset, std::move(parts));
}

std::optional<NodeId> LarkReader::ReadItem(const Place& place) {
  const size_t offset = source_.offset();
  if (source_.Take("(")) return ReadRepetition(ReadGroup(place, ")"));
  if (source_.Take("[")) return ReadRepetition(rules_.AddRepeat(offset, ReadGroup(place, "]"), 0, 1));
  const std::optional<NodeId> value = ReadValue(place);
  return value ? std::optional(ReadRepetition(*value)) : std::nullopt;
}

NodeId LarkReader::ReadGroup(Place place, std::string_view close) {
  ++place.depth;
  SkipBlank(true);
  const NodeId group = ReadAlternatives(place);
  SkipBlank(true);
  if (!source_.Take(close)) throw source_.Expected(fmt::format("a name, a string, an /expression/, | or {}", close));
  return group;
}

// Nothing where a sequence ends.
std::optional<NodeId> LarkReader::ReadValue(const Place& place) {
  const char c = source_.Peek();
  if (c == '"') return WithIgnored(ReadString(), place);
  if (c == '/') return WithIgnored(ReadRegex(Node::kPattern), place);
  if (source_.Begins("~/")) {
    source_.Skip(1);
    return WithIgnored(ReadRegex(Node::kWithout), place);
  }
  if (c == '<' || c == '%') {
    if (place.terminal) throw source_.Fault(source_.offset(), "this is no part of a terminal; write it in a rule");
    return WithIgnored(c == '<' ? ReadControl() : ReadSchema(place), place);
  }
  if (IsNameCharacter(c) && !IsDigit(c)) return ReadNamed(place);
  return std::nullopt;
}

NodeId LarkReader::ReadNamed(const Place& place) {
  const size_t offset = source_.offset();
  const std::string_view name = TakeName("a name");
  if (IsTerminalName(name)) return WithIgnored(RuleNode(RuleNamed(name, offset), offset), place);
  if (place.parameters != nullptr) {
    const auto at = std::ranges::find(*place.parameters, name);
    if (at != place.parameters->end()) {
      return rules_.Add({.kind = Node::kParameter,
                         .offset = static_cast<uint32_t>(offset),
                         .index = static_cast<uint32_t>(at - place.parameters->begin())});
    }
  }
  if (place.terminal) {
    throw source_.Fault(
        offset, fmt::format("{} is a rule, and a terminal is made of terminals; write its name in capitals", name));
  }
  if (source_.Peek() == '{') return ReadTemplateUse(name, offset, place);
  return RuleNode(RuleNamed(name, offset), offset);
}

NodeId LarkReader::ReadTemplateUse(std::string_view name, size_t offset, const Place& place) {
  if (place.depth > Rules::kMostDepth) {
    throw source_.At(offset, ErrorCategory::kLimit,
                     fmt::format("templates are nested more than {} deep, which is the bound", Rules::kMostDepth));
  }
  Place inner = place;
  ++inner.depth;
  std::vector<NodeId> arguments;
  do {
    source_.Skip(1);
    SkipBlank(true);
    const std::optional<NodeId> argument = ReadValue(inner);
    if (!argument) throw source_.Expected("an argument: a name, a string or an /expression/");
    arguments.push_back(*argument);
    SkipBlank(true);
  } while (source_.Peek() == ',');
  if (!source_.Take("}")) throw source_.Expected(", or }");
  const auto [at, is_new] = template_names_.try_emplace(std::string(name), static_cast<uint32_t>(templates_.size()));
  if (is_new) templates_.push_back({.name = std::string(name), .offset = static_cast<uint32_t>(offset)});
  return rules_.Add({.kind = Node::kTemplate,
                     .offset = static_cast<uint32_t>(offset),
                     .index = at->second,
                     .parts = std::move(arguments)});
}

NodeId LarkReader::ReadString() {
  const size_t offset = source_.offset();
  std::string text = ReadStringText();
  if (source_.Begins("..") && source_.Peek(2) != '.') return ReadRange(offset, text);
  if (!source_.Take("i")) return rules_.AddText(Node::kText, offset, std::move(text));
  try {
    return rules_.AddText(Node::kPattern, offset, CaselessPattern(text));
  } catch (const Error& error) {
    throw source_.At(offset, error.category(), error.what());
  }
}

NodeId LarkReader::ReadRange(size_t offset, const std::string& first) {
  source_.Skip(2);
  if (source_.Peek() != '"') throw source_.Expected("the string that ends the range");
  const std::string last = ReadStringText();
  const auto character = [&](const std::string& text) {
    if (text.empty() || DecodeUtf8(text).length != text.size()) {
      throw source_.Fault(offset, "a range goes from one character to another: \"a\"..\"z\"");
    }
    return DecodeUtf8(text).code_point;
  };
  if (character(last) < character(first)) throw source_.Fault(offset, "the range ends before it begins");
  return rules_.AddChars(offset, CharSet({{character(first), character(last)}}));
}

std::string LarkReader::ReadStringText() {
  const size_t begin = source_.offset();
  source_.Skip(1);
  std::string text;
  while (!source_.Take("\"")) AppendUtf8(ReadStringCharacter(begin), text);
  return text;
}

char32_t LarkReader::ReadStringCharacter(size_t begin) {
  if (source_.AtEnd() || source_.Peek() == '\n') throw source_.Unclosed(begin, "\"");
  if (!source_.Take("\\")) return source_.TakeCharacter();
  for (const auto& [escape, character] :
       {std::pair{"n", U'\n'}, {"t", U'\t'}, {"r", U'\r'}, {"f", U'\f'}, {"\\", U'\\'}, {"\"", U'"'}, {"/", U'/'}}) {
    if (source_.Take(escape)) return character;
  }
  if (source_.Take("x")) return TakeHexCharacter(source_, 2);
  if (source_.Take("u")) return TakeHexCharacter(source_, 4);
  if (source_.Take("U")) return TakeHexCharacter(source_, 8);
  throw source_.Expected(R"(an escape (\n \t \r \f \\ \" \x41 \u00e9 \U0001F600))");
}

NodeId LarkReader::ReadRegex(Node::Kind kind) {
  const size_t offset = source_.offset();
  source_.Skip(1);
  std::string body;
  while (!source_.Take("/")) {
    if (source_.AtEnd()) throw source_.Expected("the / that ends the expression");
    if (source_.Take("\\/")) {
      body += '/';
      continue;
    }
    if (source_.Peek() == '\\') {
      body += '\\';
      source_.Skip(1);
      if (source_.AtEnd()) continue;
    }
    AppendUtf8(source_.TakeCharacter(), body);
  }
  const std::string_view flags = source_.TakeWhile(IsLowerLetter);
  try {
    return rules_.AddText(kind, offset, EcmaPattern(body, flags));
  } catch (const Error& error) {
    throw source_.At(offset, error.category(), error.what());
  }
}

NodeId LarkReader::ReadControl() {
  const size_t offset = source_.offset();
  if (source_.Begins("<\"")) {
    source_.Skip(1);
    const std::string name = ReadStringText();
    if (name.empty()) throw source_.Fault(offset, "the name of a control token is empty");
    if (!source_.Take(">")) throw source_.Expected("> behind the name of a control token");
    return rules_.AddText(Node::kControl, offset, grammar::kControlMark + name);
  }
  const std::string_view token = TakeControlToken(source_);
  return rules_.AddText(Node::kControl, offset, grammar::kControlMark + std::string(token));
}

NodeId LarkReader::ReadSchema(const Place& place) {
  const size_t offset = source_.offset();
  if (!source_.Take("%json")) throw source_.Expected(kAllowed);
  SkipBlank(true);
  if (source_.Peek() != '{') throw source_.Expected("a JSON schema in braces");
  const std::string_view rest = source_.rest();
  size_t end = 0, open = 0;
  bool in_string = false;
  for (; end < rest.size(); ++end) {
    if (in_string) {
      if (rest[end] == '\\')
        ++end;
      else if (rest[end] == '"')
        in_string = false;
    } else if (rest[end] == '"') {
      in_string = true;
    } else if (rest[end] == '{') {
      ++open;
    } else if (rest[end] == '}' && --open == 0) {
      break;
    }
  }
  if (end >= rest.size()) throw source_.Fault(offset, "the schema is not closed with }");
  const grammar::Symbol symbol = add_schema_(rest.substr(0, end + 1));
  source_.Skip(end + 1);
  SkipBlank(place.depth > 0);
  rules_.symbols.push_back(symbol);
  return rules_.Add({.kind = Node::kSymbol,
                     .offset = static_cast<uint32_t>(offset),
                     .index = static_cast<uint32_t>(rules_.symbols.size() - 1)});
}

NodeId LarkReader::ReadRepetition(NodeId part) {
  const size_t offset = source_.offset();
  if (source_.Take("*")) return rules_.AddRepeat(offset, part, 0, kNoEnd);
  if (source_.Take("+")) return rules_.AddRepeat(offset, part, 1, kNoEnd);
  if (source_.Take("?")) return rules_.AddRepeat(offset, part, 0, 1);
  const Source before = source_;
  SkipBlank(false);
  if (!source_.Begins("~") || source_.Begins("~/")) {
    source_ = before;
    return part;
  }
  source_.Skip(1);
  SkipBlank(false);
  const uint64_t least = TakeCount(source_);
  uint64_t most = least;
  const Source behind = source_;
  SkipBlank(false);
  if (source_.Take("..")) {
    SkipBlank(false);
    most = TakeCount(source_);
  } else {
    source_ = behind;
  }
  if (most < least) throw source_.Fault(offset, "the most repetitions are fewer than the least");
  return rules_.AddRepeat(offset, part, least, most);
}

}  // namespace sheepop::notation
