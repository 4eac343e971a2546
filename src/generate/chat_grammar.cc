#include "generate/chat_grammar.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "generate/chat_arguments.h"

namespace sheepop {

namespace json = boost::json;

void GrammarText::Add(std::string_view rule, std::string_view body) {
  text_.append(rule).append(": ").append(body).append("\n");
}

std::string GrammarText::NewName() { return fmt::format("r{}", names_++); }

std::string GrammarText::String(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (u < 0x20 || u == 0x7F) {
      out += fmt::format("\\x{:02x}", u);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string GrammarText::Json(const json::value& schema) {
  if (schema.is_bool()) return schema.get_bool() ? "%json {}" : "%json {\"not\": {}}";
  return "%json " + json::serialize(schema);
}

size_t GrammarText::ControlAt(std::string_view text) const {
  size_t longest = 0;
  for (const std::string& name : control_names_) {
    if (text.starts_with(name)) longest = std::max(longest, name.size());
  }
  return longest;
}

std::string GrammarText::Literal(std::string_view text) const {
  std::string out, plain;
  const auto flush = [&] {
    if (!plain.empty()) out.append(out.empty() ? "" : " ").append(String(std::exchange(plain, {})));
  };
  while (!text.empty()) {
    const size_t control = ControlAt(text);
    if (control == 0) {
      plain += text[0];
      text.remove_prefix(1);
      continue;
    }
    flush();
    out.append(out.empty() ? "" : " ").append("<" + String(text.substr(0, control)) + ">");
    text.remove_prefix(control);
  }
  flush();
  return out;
}

std::string GrammarText::TextWithout(const std::vector<std::string>& marks) const {
  std::string pattern;
  for (const std::string& mark : marks) {
    if (mark.empty() || ControlAt(mark) > 0) continue;
    // Up to a control token within: no text goes on behind that.
    std::string plain;
    for (size_t i = 0; i < mark.size() && ControlAt(std::string_view(mark).substr(i)) == 0; ++i) {
      const char c = mark[i];
      if (c == '\n') {
        plain += "\\n";
        continue;
      }
      if (std::string_view("\\/.*+?()[]{}|^$-").find(c) != std::string_view::npos) plain += '\\';
      plain += c;
    }
    pattern.append(pattern.empty() ? "" : "|").append(plain);
  }
  return pattern.empty() ? "/.*/s" : "~/" + pattern + "/";
}

namespace {

struct Tool {
  std::string name;
  json::object schema;
};

std::vector<Tool> ToolsOf(const json::array& tools, const ChatFormat::Choice& choice, std::vector<Warning>& warnings) {
  std::vector<Tool> out;
  for (const json::value& tool : tools) {
    const json::object* object = tool.if_object();
    const json::value* function = object ? object->if_contains("function") : nullptr;
    const json::object* body = function ? function->if_object() : object;
    const json::value* name = body ? body->if_contains("name") : nullptr;
    if (!name || !name->is_string()) continue;
    std::string own(name->get_string());
    if (choice.use == ChatFormat::Use::kNamed && own != choice.name) continue;
    json::object schema = KeptSchema(*body, own, warnings);
    out.push_back({std::move(own), std::move(schema)});
  }
  return out;
}

class CallWriter {
 public:
  CallWriter(const ChatRow& row, const std::vector<Tool>& tools, GrammarText& grammar) : row_(row), grammar_(grammar) {
    for (const Tool& tool : tools) {
      const std::string arguments = grammar_.NewName();
      grammar_.Add(arguments, ArgumentsText(row_, ArgumentsPart(), tool.schema, grammar_));
      tools_.emplace_back(tool.name, arguments);
    }
  }

  // The calls of an answer, from the first mark to the last; `lead`: what of the first mark is there already.
  std::string Calls(bool parallel, std::string_view lead) {
    std::vector<std::string> first, next;
    for (const auto& [name, arguments] : tools_) {
      first.push_back(One(row_.call, name, arguments, row_.section_open, lead));
      if (!row_.others.empty()) first.push_back(One(row_.others.front(), name, arguments, "", ""));
      next.push_back(One(row_.call, name, arguments, std::nullopt, ""));
    }
    std::string text = Rule(first);
    if (parallel && row_.parallel) text += " (" + grammar_.Literal(row_.separator) + " " + Rule(next) + ")*";
    const std::string close = grammar_.Literal(row_.section_close);
    return text + (close.empty() ? "" : " " + close);
  }

 private:
  const CallPart& ArgumentsPart() const {
    return *std::ranges::find_if(
        row_.call, [](const CallPart& part) { return part.kind == CallPart::kValue || part.kind == CallPart::kPairs; });
  }

  std::string Rule(const std::vector<std::string>& alternatives) {
    const std::string name = grammar_.NewName();
    std::string body;
    for (const std::string& one : alternatives) body.append(body.empty() ? "" : "\n  | ").append(one);
    grammar_.Add(name, body);
    return name;
  }

  // `section`: what opens the section in front of the first call.
  std::string One(const std::vector<CallPart>& call, std::string_view name, const std::string& arguments,
                  std::optional<std::string> section, std::string_view lead) const {
    std::string out, mark = section.value_or("");
    bool first = section.has_value();
    const auto flush = [&] {
      // The first mark stands where the text in front of it ends, whatever white space that ends in.
      std::string_view text = first ? TrimFront(mark) : std::string_view(mark);
      if (std::exchange(first, false) && text.starts_with(lead)) text.remove_prefix(lead.size());
      const std::string literal = grammar_.Literal(text);
      if (!literal.empty()) out.append(out.empty() ? "" : " ").append(literal);
      mark.clear();
    };
    const auto add = [&](std::string_view part) {
      flush();
      out.append(out.empty() ? "" : " ").append(part);
    };
    const bool mistral = row_.family.starts_with("mistral");
    for (const CallPart& part : call) {
      switch (part.kind) {
        case CallPart::kMark:
        case CallPart::kHead: mark += part.text; break;
        case CallPart::kName: mark += row_.object ? JsonText(name) : name; break;
        case CallPart::kId: add(mistral ? "/[a-zA-Z0-9]{9}/" : "/[a-zA-Z0-9_-]{1,40}/"); break;
        case CallPart::kNumber: add("/[0-9]{1,3}/"); break;
        case CallPart::kValue:
        case CallPart::kPairs: add(arguments); break;
      }
    }
    flush();
    return out;
  }

  static std::string JsonText(std::string_view text) {
    std::string out;
    AppendJsonString(text, out);
    return out;
  }

  const ChatRow& row_;
  GrammarText& grammar_;
  std::vector<std::pair<std::string, std::string>> tools_;  // names, and the rules of their arguments
};

// What parts an answer: marks around words where `words` may come, else only those that no words follow.
std::string FramesText(const ChatRow& row, bool words, const GrammarText& grammar) {
  std::string out;
  for (size_t i = words ? 0 : row.word_frames; i < row.frames.size(); ++i) {
    out.append(out.empty() ? "" : " | ").append(grammar.Literal(row.frames[i]));
  }
  return out.empty() ? "" : "(" + out + ")*";
}

std::string ThoughtsText(const ThinkingMarks& marks, GrammarText& grammar) {
  const std::string text = grammar.TextWithout({marks.close});
  const std::string open = grammar.Literal(marks.open);
  const std::string close = grammar.Literal(marks.close);
  grammar.Add("thoughts", marks.open_in_prompt ? "(" + open + ")? " + text + " " + close + " WHITE"
                                               : "(" + open + " " + text + " " + close + " WHITE)?");
  return "thoughts";
}

// Words in which no call begins.
std::string WordsText(const ChatRow& row, const GrammarText& grammar) {
  if (!row.bare()) {
    std::vector<std::string> marks = {row.Opening()};
    for (const auto& other : row.others) marks.push_back(std::string(Trim(other.front().text)));
    return grammar.TextWithout(marks);
  }
  return "~/^\\s*\\{\\s*\"name\"/";
}

// What comes behind the thoughts.
std::string BodyText(const ChatRow& row, const std::vector<Tool>& tools, bool words, bool parallel,
                     GrammarText& grammar) {
  CallWriter writer(row, tools, grammar);
  const auto calls = [&](std::string_view lead) { return "(" + writer.Calls(parallel, lead) + " WHITE)"; };
  const std::string& lead = row.prompt_lead;
  const std::string frames = lead.empty() ? FramesText(row, words, grammar) : "";
  const std::string separate = frames.empty() ? "" : frames + (words ? " " : " WHITE ");
  if (!words) return separate + calls(lead);
  std::string text = separate + WordsText(row, grammar) + (frames.empty() ? "" : " " + frames);
  // The prompt ends in a mark that words have too.
  if (!lead.empty()) text = grammar.Literal(std::string_view(row.frames.front()).substr(lead.size())) + " " + text;
  if (tools.empty()) return text;
  // A call of bare JSON is the whole answer.
  if (row.bare()) return "(" + text + " | WHITE " + calls("") + ")";
  text += " " + calls("") + "?";
  return lead.empty() ? text : "(" + text + " | " + calls(lead) + ")";
}

}  // namespace

std::string ChatFormat::CallGrammar(const json::array& tools, const Choice& choice, bool thinks,
                                    std::vector<Warning>& warnings) const {
  const ChatRow& row = *row_;
  GrammarText grammar(row.mark_names);
  const bool calls = choice.use != Use::kNone;
  const bool words = choice.use == Use::kNone || choice.use == Use::kAuto;
  std::string start;
  if (thinks && row.thinking) start = ThoughtsText(*row.thinking, grammar) + " ";
  const std::vector<Tool> known = calls ? ToolsOf(tools, choice, warnings) : std::vector<Tool>();
  grammar.Add("start", start + BodyText(row, known, words, choice.parallel, grammar));
  grammar.Add("WHITE", "/[ \\n]{0,2}/");
  return grammar.text();
}

std::string ChatFormat::JsonGrammar(std::string_view schema) const {
  const ChatRow& row = *row_;
  if (row.frames.empty()) return "";
  GrammarText grammar(row.mark_names);
  // The prompt may end in the mark that words have too.
  const std::string lead = row.prompt_lead.empty()
                               ? FramesText(row, true, grammar)
                               : grammar.Literal(std::string_view(row.frames.front()).substr(row.prompt_lead.size()));
  grammar.Add("start", lead + " json");
  grammar.Add("json", "%json " + std::string(schema));
  return grammar.text();
}

std::string ChatFormat::ToolsText(const json::array& tools) const {
  const ChatRow& row = *row_;
  std::string text = "You can call these functions, described in JSON:\n";
  for (const json::value& tool : tools) {
    const json::object* object = tool.if_object();
    const json::value* function = object ? object->if_contains("function") : nullptr;
    text += json::serialize(function ? *function : tool) + '\n';
  }
  text += "To call one, answer with this and nothing else:\n" + row.section_open;
  for (const CallPart& part : row.call) {
    if (part.kind == CallPart::kMark || part.kind == CallPart::kHead) text += part.text;
    if (part.kind == CallPart::kName) text += "NAME";
    if (part.kind == CallPart::kId) text += "ID";
    if (part.kind == CallPart::kNumber) text += '0';
    if (part.kind == CallPart::kPairs) {
      const PairMarks& marks = *row.pairs;
      text += marks.key_open + "KEY" + marks.key_close + marks.lead + "VALUE" + marks.trail + marks.value_close;
    }
    if (part.kind == CallPart::kValue) text += part.form == ValueForm::kPython ? "(KEY=VALUE)" : "{\"KEY\": VALUE}";
  }
  return text + row.section_close;
}

}  // namespace sheepop
