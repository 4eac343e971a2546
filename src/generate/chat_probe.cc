#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>

#include "base/error.h"
#include "generate/chat_families.h"
#include "generate/chat_row.h"
#include "generate/chat_shape.h"

namespace sheepop {

namespace json = boost::json;
using namespace probe;

std::string_view TrimFront(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kWhite), text.size()));
}

std::string_view TrimBack(std::string_view text) { return text.substr(0, text.find_last_not_of(kWhite) + 1); }

std::string_view Trim(std::string_view text) { return TrimFront(TrimBack(text)); }

std::string WithoutSpace(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return kWhite.find(c) == std::string_view::npos; });
  return out;
}

std::string ChatRow::Opening() const {
  std::string text = section_open;
  const std::string_view first = call.empty() || call[0].kind != CallPart::kMark ? "" : std::string_view(call[0].text);
  text += object ? first.substr(0, first.rfind('{')) : first;
  const std::string_view all = Trim(text);
  return std::string(all.substr(0, all.find_last_not_of("[{(\n\t\r ") + 1));
}

namespace {

json::object ProbeTool() {
  return json::parse(R"({"type": "function", "function": {"name": "probe_fn", "description": "A probe.", "parameters": {
      "type": "object", "properties": {
        "pk_a_text": {"type": "string", "description": "Text."}, "pk_b_count": {"type": "integer", "description": "A count."},
        "pk_c_flag": {"type": "boolean", "description": "A flag."},
        "pk_d_deep": {"type": "object", "description": "Deep.", "properties": {"pk_in": {"type": "string"}},
                      "additionalProperties": {"type": "string"}},
        "pk_e_list": {"type": "array", "description": "A list.", "items": {"type": "string"}},
        "pk_f_last": {"type": "string", "description": "Text."}},
      "required": ["pk_a_text"]}}})")
      .as_object();
}

json::object Call(size_t number, bool as_object) {
  json::value arguments = json::parse(kArguments);
  if (!as_object) arguments = json::string(kArguments);
  return {
      {"id", kIds[number]}, {"type", "function"}, {"function", {{"name", kName}, {"arguments", std::move(arguments)}}}};
}

json::object User() { return {{"role", "user"}, {"content", kQuestion}}; }

class Prober {
 public:
  Prober(const ChatTemplate& chat, json::object variables) : chat_(chat), variables_(std::move(variables)) {
    variables_["functions"] = json::serialize(json::array{ProbeTool()});
    variables_["datetime"] = "1970-01-01";
  }

  std::optional<std::string> Render(json::array messages, bool tools, bool prompt) const {
    json::object variables = variables_;
    variables["messages"] = std::move(messages);
    if (tools) variables["tools"] = json::array{ProbeTool()};
    variables["add_generation_prompt"] = prompt;
    try {
      return chat_.Render(variables, 0).Text();
    } catch (const Error&) {
      return std::nullopt;  // the template refuses this conversation
    }
  }

  // What is written behind the user's question.
  std::optional<std::string> Behind(json::object assistant, bool tools) const {
    return AfterQuestion(Render({User(), std::move(assistant)}, tools, false));
  }
  std::optional<std::string> Prompt() const { return AfterQuestion(Render({User()}, false, true)); }

  static std::optional<std::string> AfterQuestion(std::optional<std::string> text) {
    const size_t at = text ? text->rfind(kQuestion) : std::string::npos;
    if (at == std::string::npos) return {};
    return text->substr(at + kQuestion.size());
  }

 private:
  const ChatTemplate& chat_;
  json::object variables_;
};

std::string_view CommonStart(std::string_view a, std::string_view b) {
  const std::string_view same = a.substr(0, static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin()));
  return same.size() == a.size() ? same : same.substr(0, BegunMark(same));
}

// What stands around the assistant's words, and in front of an answer.
struct Turn {
  std::string header, tail, prompt;
};

// How much of the text is what comes in front of the assistant's words.
size_t HeaderOf(std::string_view text, const Turn& turn) {
  std::string_view same = CommonStart(text, turn.header);
  if (!turn.prompt.empty()) same = CommonStart(same, turn.prompt);
  return BegunMark(same);
}

Turn FindTurn(const Prober& prober) {
  const auto text = prober.Behind({{"role", "assistant"}, {"content", kContent}}, false);
  const size_t at = text ? text->find(kContent) : std::string::npos;
  const std::string prompt = prober.Prompt().value_or("");
  if (at == std::string::npos) return {"", "", prompt};
  return {text->substr(0, at), text->substr(at + kContent.size()), prompt};
}

std::optional<ThinkingMarks> FindThinking(const Prober& prober, const std::string& source, const Turn& turn) {
  const std::string_view prompt_end = TrimBack(turn.prompt);
  std::optional<ThinkingMarks> marks = families::KnownThinking(prompt_end);
  const auto text = prober.Behind({{"role", "assistant"},
                                   {"content", kContent},
                                   {"reasoning_content", kThought},
                                   {"reasoning", kThought},
                                   {"thinking", kThought}},
                                  false);
  const size_t thought = text ? text->find(kThought) : std::string::npos;
  if (!marks && thought != std::string::npos) {
    const std::string_view before = Trim(std::string_view(*text).substr(0, thought));
    const size_t content = text->find(kContent, thought);
    marks = families::KnownThinking(before);
    const std::string_view open = Trim(before.substr(CommonStart(before, turn.header).size()));
    if (!marks && !open.empty() && content != std::string::npos) {
      const size_t from = thought + kThought.size();
      const std::string_view between = Trim(std::string_view(*text).substr(from, content - from));
      if (!between.empty()) marks = ThinkingMarks{std::string(open), std::string(between)};
    }
  }
  if (!marks) marks = families::ThinkingIn(source);
  if (!marks) return marks;
  marks->open_in_prompt = prompt_end.ends_with(marks->open);
  return marks;
}

// Under which name the template reads the thoughts of a message, be it one that calls or one of words.
std::string FindThoughtField(const Prober& prober) {
  for (const std::string_view field : {"reasoning_content", "reasoning", "thinking"}) {
    for (const bool calls : {false, true}) {
      json::object message = {{"role", "assistant"}, {"content", calls ? "" : kContent}, {field, kThought}};
      if (calls) message["tool_calls"] = json::array{Call(0, true)};
      const auto text = prober.Behind(std::move(message), calls);
      if (text && text->find(kThought) != std::string::npos) return std::string(field);
    }
  }
  return "";
}

// An answer of calls, from their first mark to their last.
std::string_view CallsIn(std::string_view text, const Turn& turn, const ChatRow& row) {
  const size_t name = FirstName(text);
  if (name == std::string_view::npos) return {};
  const size_t content = text.find(kContent);
  size_t begin = content < name ? content + kContent.size() : HeaderOf(text, turn);
  for (const std::string_view close :
       {std::string_view("</think>"), row.thinking ? std::string_view(row.thinking->close) : ""}) {
    const size_t at = close.empty() || content < name ? std::string_view::npos : text.substr(0, name).rfind(close);
    if (at != std::string_view::npos && at >= begin) begin = at + close.size();
  }
  // Calls may be written as a turn of their own.
  if (const size_t end = families::EndOfTurn(text.substr(0, name), begin); end < name) {
    const std::string_view rest = text.substr(end);
    const size_t mark = rest.find('>') + 1;
    const size_t header = HeaderOf(rest.substr(mark), turn);
    if (!Trim(rest.substr(mark, header)).empty()) begin = end + mark + header;
  }
  // What ends a turn of words ends one of calls too, or another mark of the kind does.
  if (!turn.tail.empty() && text.ends_with(turn.tail)) text.remove_suffix(turn.tail.size());
  const size_t last = text.rfind(kLastValue);
  text = text.substr(0, families::EndOfTurn(text, last + kLastValue.size()));
  if (content > last && content != std::string_view::npos) text = text.substr(0, std::min(content, text.size()));
  text.remove_prefix(begin);
  for (bool found = true; found;) {
    found = false;
    for (const std::string& frame : row.frames) {
      if (!TrimFront(text).starts_with(frame)) continue;
      text = TrimFront(text).substr(frame.size());
      found = true;
    }
  }
  return text;
}

bool FindCallsOf(const Prober& prober, const Turn& turn, ChatRow& row) {
  for (const bool as_object : {true, false}) {
    for (const json::value& content : {json::value(kContent), json::value(""), json::value(nullptr)}) {
      const auto message = [&](size_t calls) {
        json::array list;
        for (size_t i = 0; i < calls; ++i) list.push_back(Call(i, as_object));
        return json::object{{"role", "assistant"}, {"content", content}, {"tool_calls", std::move(list)}};
      };
      const auto one = prober.Behind(message(1), true), two = prober.Behind(message(2), true);
      if (!one) continue;
      const std::string_view first = CallsIn(*one, turn, row);
      if (first.empty()) continue;
      ChatRow found = row;
      if (!FindCalls(first, two ? CallsIn(*two, turn, row) : "", found)) continue;
      row = std::move(found);
      row.object_arguments = as_object;
      return true;
    }
  }
  return false;
}

}  // namespace

ChatRow ProbeRow(const ChatTemplate& chat, json::object special_tokens) {
  const Prober prober(chat, std::move(special_tokens));
  const std::string& source = chat.source();
  ChatRow row;
  families::AddFrames(source, row);
  const Turn turn = FindTurn(prober);
  row.thinking = FindThinking(prober, source, turn);
  row.thought_field = FindThoughtField(prober);
  const auto with_tools = prober.Render({User()}, true, true);
  row.writes_tools = with_tools && with_tools->find(kName) != std::string::npos;
  const bool written = FindCallsOf(prober, turn, row);
  if (!written) families::AddUnwritten(source, with_tools.value_or(""), row);
  row.family = families::NameOf(row);
  families::AddVariants(row);
  const std::string opening = row.Opening();
  if (written && !row.frames.empty() && !opening.empty() && TrimBack(turn.prompt).ends_with(opening))
    row.prompt_lead = opening;
  return row;
}

}  // namespace sheepop
