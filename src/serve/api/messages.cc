#include "serve/api/messages.h"

#include <fmt/core.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/quoted.h"
#include "serve/api/constraints.h"
#include "serve/api/conversation_ask.h"
#include "serve/api/messages_dialect.h"
#include "serve/api/messages_input.h"
#include "serve/api/sampling_fields.h"
#include "serve/api/template_variable.h"
#include "serve/api/tools.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class RequestReader {
 public:
  RequestReader(const json::object& body, const RequestContext& context) : context_(context), fields_(body) {
    ask_.model = context_.models.Find(fields_.String("model").value_or(""));
  }

  Ask Read() {
    const auto most = fields_.Integer("max_tokens", AtLeast(1));
    if (!most) fields_.Refuse("max_tokens", "is missing, must be a whole number, at least 1");
    ask_.options.max_tokens = static_cast<size_t>(*most);
    ask_.stream = fields_.Bool("stream").value_or(false);
    fields_.Number("temperature", Between(0, 1));
    fields_.Number("top_p", Between(0, 1));
    ReadSampling(fields_, ask_);
    for (std::string& stop : ReadStops(fields_, "stop_sequences")) ask_.options.stops.push_back(std::move(stop));
    fields_.Unused({"container", "diagnostics", "inference_geo", "metadata", "service_tier", "workspace_id"},
                   ask_.unused);
    ReadPrompt();
    return std::move(ask_);
  }

  json::object Count() {
    ReadPrompt();
    json::object count{{"input_tokens", ask_.prompts.at(0).ids.size()}};
    if (ask_.unused.empty()) return count;
    json::array unused;
    for (const std::string& name : ask_.unused) unused.push_back(json::value(name));
    count["sheepop"] = {{"unused", std::move(unused)}};
    return count;
  }

 private:
  // What both requests have, and after which no field is left.
  void ReadPrompt() {
    ReadTemplateVariables(fields_, *ask_.model, conversation_, ask_.unused);
    ReadThinking(fields_, context_.unknown, conversation_, ask_);
    ReadConstraints(fields_, context_.unknown, ask_);
    ReadOutput();
    const ToolsAsk tools = ReadTools(fields_, ToolsApi::kMessages, context_.unknown, ask_.unused);
    fields_.Unused({"cache_control", "context_management", "mcp_servers", "speed", "user_profile_id"}, ask_.unused);
    const json::value* const system = fields_.Any("system");
    const json::array* const messages = fields_.Array("messages");
    fields_.Finish(context_.unknown, ask_.unused);
    if (!messages) fields_.Refuse("messages", "is missing, must be a list of messages");
    conversation_.messages = ReadMessages(ReadMessagesInput(system, *messages, context_.unknown, ask_.unused),
                                          "messages", context_.unknown, ask_.unused);
    GoOnWithTheLast();
    AskConversation(std::move(conversation_), tools, context_.now, ask_);
  }

  // A last message of the assistant that says nothing asks for a new one.
  void GoOnWithTheLast() {
    json::array& messages = conversation_.messages;
    if (messages.empty() || messages.back().at("role") != "assistant") return;
    const json::object& last = messages.back().get_object();
    const bool empty = last.at("content").get_string().empty() && !last.contains("reasoning_content");
    if (empty) {
      messages.pop_back();
      return;
    }
    conversation_.continue_final = true;
    conversation_.add_generation_prompt = false;
  }

  void ReadOutput() {
    if (const json::object* const format = fields_.Object("output_format")) {
      ReadFormat(*format, "output_format", context_.unknown, ask_);
    }
    const json::object* const output = fields_.Object("output_config");
    if (!output) return;
    Fields inner(*output, "output_config");
    if (const json::object* const format = inner.Object("format")) {
      ReadFormat(*format, "output_config.format", context_.unknown, ask_);
    }
    if (const auto effort = inner.Choice("effort", {"low", "medium", "high", "xhigh", "max"})) {
      SetTemplateVariable("reasoning_effort", json::value(*effort), inner.Path("effort"), *ask_.model, conversation_,
                          ask_.unused);
    }
    inner.Finish(context_.unknown, ask_.unused);
  }

  const RequestContext& context_;
  Fields fields_;
  Ask ask_;
  ConversationAsk conversation_;
};

}  // namespace

Parsed ParseMessages(const json::object& body, const RequestContext& context) {
  Ask ask = RequestReader(body, context).Read();
  auto dialect = MakeMessagesDialect(ask);
  return {std::move(ask), std::move(dialect)};
}

json::object CountTokens(const json::object& body, const RequestContext& context) {
  return RequestReader(body, context).Count();
}

}  // namespace sheepop
