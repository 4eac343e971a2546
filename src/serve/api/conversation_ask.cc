#include "serve/api/conversation_ask.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "serve/api/constraints.h"
#include "serve/api/template_variable.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using Use = ChatFormat::Use;

std::string_view WithoutSpaceBehind(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool EndsIn(std::string_view text, std::string_view mark) {
  mark = WithoutSpaceBehind(mark);
  return !mark.empty() && WithoutSpaceBehind(text).ends_with(mark);
}

// Whether it stands before the other messages as one of its own.
bool AddSystemText(json::array& messages, const std::string& text, bool system_messages) {
  const auto join = [&](json::value& message, bool before) {
    const std::string old(message.at("content").as_string());
    const std::string_view gap = old.empty() ? "" : "\n\n";
    message.as_object()["content"] =
        before ? fmt::format("{}{}{}", text, gap, old) : fmt::format("{}{}{}", old, gap, text);
    return false;
  };
  for (json::value& message : messages) {
    const std::string_view role = message.at("role").get_string();
    if (system_messages && role == "system") return join(message, false);
    if (!system_messages && role == "user") return join(message, true);
    if (system_messages) break;
  }
  messages.insert(messages.begin(), json::object{{"role", "system"}, {"content", text}});
  return true;
}

// The tokens of a line that no client sent are the template's.
void GiveToTemplate(PromptParts& parts) {
  parts.template_tokens += parts.message_tokens.front();
  parts.message_tokens.erase(parts.message_tokens.begin());
}

bool SpeaksOfTools(const json::array& messages) {
  return std::ranges::any_of(messages, [](const json::value& message) {
    return message.as_object().contains("tool_calls") || message.at("role").as_string() == "tool";
  });
}

Warning ToolTemplateWarning() {
  return {"template", "tool_use", "",
          "the model's chat template tool_use, which is for tools, is not used here: the default one writes them"};
}

// Puts what the model is shown besides the messages into the conversation.
bool ShowToolsAndSchema(const ToolsAsk& tools, ConversationAsk& conversation, Ask& ask) {
  const ServedModel& model = *ask.model;
  std::string text;
  if (!tools.shown.empty() && model.format->writes_tools()) {
    conversation.variables["tools"] = tools.shown;
  } else if (!tools.shown.empty()) {
    text = model.format->ToolsText(tools.shown);
  }
  const bool only_calls = tools.choice.use == Use::kRequired || tools.choice.use == Use::kNamed;
  if (const std::string schema = ShownSchema(ask); !schema.empty() && !only_calls) {
    text += (text.empty() ? "" : "\n\n") + schema;
    ask.shape->schema_shown = true;
  }
  return !text.empty() && AddSystemText(conversation.messages, text, model.system_messages);
}

// Whether the answer begins with thoughts that the prompt has begun, or may begin with thoughts of its own.
enum class Thinks { kNo, kMay, kWithin };

Thinks ThinksOf(const ChatFormat& format, const ConversationAsk& conversation, const std::string& prompt) {
  if (!format.thinking()) return Thinks::kNo;
  const ThinkingMarks& marks = *format.thinking();
  if (conversation.continue_final) {
    const std::string_view last = conversation.messages.back().at("content").get_string();
    const size_t open = last.rfind(marks.open);
    const bool within = open != std::string_view::npos && last.find(marks.close, open) == std::string_view::npos;
    return within ? Thinks::kWithin : Thinks::kNo;
  }
  if (EndsIn(prompt, marks.close)) return Thinks::kNo;
  return format.InThoughts(prompt) ? Thinks::kWithin : Thinks::kMay;
}

void SetThinking(const ConversationAsk& conversation, Thinks thinks, Ask& ask) {
  SamplingOptions& sampling = ask.options.sampling;
  if (thinks == Thinks::kNo) {
    // There is nothing to bound.
    if (ask.model->format->thinking()) sampling.thinking_budget = -1;
    return;
  }
  const json::value* const wanted = conversation.variables.if_contains("enable_thinking");
  if (wanted && *wanted == json::value(false)) sampling.thinking_budget = 0;
  const bool needed = sampling.constraint.given() || sampling.thinking_budget >= 0;
  ThinkingOptions& thinking = sampling.constraint.thinking;
  if (!needed || !thinking.close.empty()) return;
  const ThinkingMarks& marks = *ask.model->format->thinking();
  thinking.close = marks.close;
  if (thinks == Thinks::kMay) thinking.open = marks.open;
}

// Lark's rules for calls, and beside them the JSON that fits a schema. Nothing where the rules are not as expected.
std::optional<std::string> OrJson(std::string calls, const std::string& schema) {
  constexpr std::string_view kStart = "start:";
  const auto found = [&](size_t from) {
    size_t at = calls.find(kStart, from);
    while (at != std::string::npos && at > 0 && calls[at - 1] != '\n') at = calls.find(kStart, at + 1);
    return at;
  };
  const size_t start = found(0);
  if (start == std::string::npos || found(start + 1) != std::string::npos) return {};
  calls.replace(start, kStart.size(), "calls_of_the_answer:");
  return "start: calls_of_the_answer | json_of_the_answer\njson_of_the_answer: %json " + schema + "\n" + calls;
}

void SetCalls(const ToolsAsk& tools, Ask& ask) {
  ConstraintOptions& constraint = ask.options.sampling.constraint;
  ChatFormat::Choice choice = tools.choice;
  const bool or_text = choice.use == Use::kAuto;
  const std::optional<AskedShape> shape = std::exchange(ask.shape, {});
  if (shape && !or_text) ask.unused.push_back(shape->field);
  const bool composed = shape && or_text;
  if (composed && constraint.json_schema.empty()) {
    RefuseField(shape->field,
                fmt::format("{} says what the text is, and {} may be called instead: only a JSON schema goes "
                            "with them; leave one out, or give a tool_choice of none or required",
                            shape->field, tools.field));
  }
  if (composed) choice.use = Use::kRequired;
  std::vector<Warning> warnings;
  std::string grammar = ask.model->format->CallGrammar(tools.callable, choice, false, warnings);
  ClaimShape(composed ? "tools or " + shape->kind : "tools", composed ? shape->field : tools.field, ask);
  if (composed) {
    const std::optional<std::string> both = OrJson(std::move(grammar), constraint.json_schema);
    if (!both) {
      RefuseField(shape->field, fmt::format("{} does not go with {} for {}: leave one out", shape->field, tools.field,
                                            ask.model->name));
    }
    grammar = *both;
    ask.shape->schema_shown = shape->schema_shown;
  }
  for (const Warning& warning : warnings) ask.shape->warnings.push_back(warning.line);
  constraint.json_schema.clear();
  constraint.regex.clear();
  constraint.choices.clear();
  constraint.grammar = std::move(grammar);
}

}  // namespace

void ReadThinking(Fields& fields, UnknownFields unknown, ConversationAsk& conversation, Ask& ask) {
  const json::object* const thinking = fields.Object("thinking");
  if (!thinking) return;
  Fields inner(*thinking, fields.Path("thinking"));
  const auto type = inner.Choice("type", {"disabled", "enabled", "adaptive", "between_tools"});
  if (!type) inner.Refuse("type", "is missing, must be disabled, enabled or adaptive");
  if (*type == "enabled" || *type == "disabled") {
    SetTemplateVariable("enable_thinking", *type == "enabled", inner.Path("type"), *ask.model, conversation,
                        ask.unused);
  } else {
    ask.unused.push_back(inner.Path("type"));
  }
  if (const auto budget = inner.Integer("budget_tokens", AtLeast(1))) {
    const bool thinks = ask.model->format && ask.model->format->thinking();
    if (thinks) ask.options.sampling.thinking_budget = *budget;
    if (!thinks) ask.unused.push_back(inner.Path("budget_tokens"));
  }
  inner.Unused({"display"}, ask.unused);
  inner.Finish(unknown, ask.unused);
}

void AskConversation(ConversationAsk conversation, const ToolsAsk& tools, std::time_t now, Ask& ask) {
  const ServedModel& model = *ask.model;
  const bool inserted = model.format && !conversation.messages.empty() && ShowToolsAndSchema(tools, conversation, ask);
  conversation.inserted = inserted;
  AskedPrompt prompt = EncodeConversation(model, conversation, now);
  if (inserted) GiveToTemplate(prompt.parts);
  const Thinks thinks = ThinksOf(*model.format, conversation, prompt.text);
  const bool of_tools = !tools.shown.empty() || SpeaksOfTools(conversation.messages);
  if (model.loaded.has_tool_template && of_tools) prompt.warnings.push_back(ToolTemplateWarning());
  ask.prompts.push_back(std::move(prompt));
  const bool calls = !tools.callable.empty();
  ask.reading = {.tools = tools.shown, .reads_tools = calls, .in_thoughts = thinks == Thinks::kWithin};
  if (calls) {
    SetCalls(tools, ask);
  } else if (ConstraintOptions& shape = ask.options.sampling.constraint; !shape.json_schema.empty()) {
    shape.grammar = model.format->JsonGrammar(shape.json_schema);
    if (!shape.grammar.empty()) shape.json_schema.clear();
  }
  SetThinking(conversation, thinks, ask);
  CheckShape(ask);
}

}  // namespace sheepop
