#include "serve/api/responses.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/quoted.h"
#include "serve/api/constraints.h"
#include "serve/api/conversation_ask.h"
#include "serve/api/responses_dialect.h"
#include "serve/api/responses_input.h"
#include "serve/api/sampling_fields.h"
#include "serve/api/template_variable.h"
#include "serve/api/tools.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class RequestReader {
 public:
  RequestReader(const json::object& body, const RequestContext& context) : context_(context), fields_(body) {}

  Parsed Read() {
    ask_.model = context_.models.Find(fields_.String("model").value_or(""));
    RefuseState();
    ReadAnswer();
    ReadLogprobs();
    fields_.Number("temperature", Between(0, 2));
    fields_.Number("top_p", Between(0, 1));
    ReadSampling(fields_, ask_);
    ReadTemplateVariables(fields_, *ask_.model, conversation_, ask_.unused);
    ReadThinking(fields_, context_.unknown, conversation_, ask_);
    ReadConstraints(fields_, context_.unknown, ask_);
    ReadText();
    ReadReasoning();
    const ToolsAsk tools = ReadTools();
    ReadUnused();
    const std::optional<std::string> instructions = fields_.String("instructions");
    const json::value* const input = fields_.Any("input");
    fields_.Finish(context_.unknown, ask_.unused);
    if (!input) fields_.Refuse("input", "is missing: text, or a list of items");
    conversation_.messages = ReadMessages(ReadResponsesInput(*input, instructions, context_.unknown, ask_.unused),
                                          "input", context_.unknown, ask_.unused);
    ask_.prompt_field = "input";
    AskConversation(std::move(conversation_), tools, context_.now, ask_);
    auto dialect = MakeResponsesDialect(Echo(instructions), ask_);
    return {std::move(ask_), std::move(dialect)};
  }

 private:
  void RefuseState() {
    for (const std::string_view name : {"previous_response_id", "conversation", "prompt", "context_management"}) {
      if (!fields_.Any(name)) continue;
      fields_.Refuse(name,
                     "needs a server that keeps answers; this one keeps none: send the whole conversation as input");
    }
    if (fields_.Bool("background").value_or(false)) {
      fields_.Refuse("background",
                     "is true, and this server keeps no answer that could be fetched later: leave it out");
    }
    if (fields_.Choice("truncation", {"auto", "disabled"}) == "auto") {
      fields_.Refuse("truncation", "is \"auto\", and nothing of an input is ever cut here: must be disabled");
    }
  }

  void ReadAnswer() {
    if (const auto most = fields_.Integer("max_output_tokens", AtLeast(1))) {
      ask_.options.max_tokens = static_cast<size_t>(*most);
      echo_["max_output_tokens"] = *most;
    }
    ask_.stream = fields_.Bool("stream").value_or(false);
    const json::object* const options = fields_.Object("stream_options");
    if (!options) return;
    if (!ask_.stream) fields_.Refuse("stream_options", "is given without \"stream\": true");
    Fields inner(*options, "stream_options");
    inner.Unused({"include_obfuscation"}, ask_.unused);
    inner.Finish(context_.unknown, ask_.unused);
  }

  // top_logprobs alone asks for them, too.
  void ReadLogprobs() {
    const auto top = fields_.Integer("top_logprobs", Between(0, 20));
    bool wanted = top.value_or(0) > 0;
    for (const std::string& name : fields_.StringOrList("include")) {
      if (name == "message.output_text.logprobs") {
        wanted = true;
      } else {
        ask_.unused.push_back(fmt::format("include: {}", name));
      }
    }
    if (wanted) ask_.logprobs = static_cast<size_t>(top.value_or(0));
    echo_["top_logprobs"] = top.value_or(0);
  }

  void ReadText() {
    const json::object* const text = fields_.Object("text");
    echo_["text"] = {{"format", {{"type", "text"}}}};
    if (!text) return;
    Fields inner(*text, "text");
    if (const json::object* const format = inner.Object("format")) {
      ReadFormat(*format, "text.format", context_.unknown, ask_);
      echo_["text"].get_object()["format"] = *format;
    }
    if (const auto verbosity = inner.Choice("verbosity", {"low", "medium", "high"})) {
      SetTemplateVariable("verbosity", json::value(*verbosity), inner.Path("verbosity"), *ask_.model, conversation_,
                          ask_.unused);
      echo_["text"].get_object()["verbosity"] = *verbosity;
    }
    inner.Finish(context_.unknown, ask_.unused);
  }

  void ReadReasoning() {
    echo_["reasoning"] = {{"effort", nullptr}, {"summary", nullptr}};
    const json::object* const reasoning = fields_.Object("reasoning");
    if (!reasoning) return;
    Fields inner(*reasoning, "reasoning");
    if (const auto effort = inner.Choice("effort", {"none", "minimal", "low", "medium", "high", "xhigh", "max"})) {
      SetTemplateVariable("reasoning_effort", json::value(*effort), inner.Path("effort"), *ask_.model, conversation_,
                          ask_.unused);
      echo_["reasoning"].get_object()["effort"] = *effort;
    }
    inner.Unused({"summary", "generate_summary", "context", "mode"}, ask_.unused);
    inner.Finish(context_.unknown, ask_.unused);
  }

  ToolsAsk ReadTools() {
    const json::value* const choice = fields_.Any("tool_choice");
    const json::array* const tools = fields_.Array("tools");
    echo_["tool_choice"] = choice ? *choice : json::value("auto");
    echo_["tools"] = tools ? *tools : json::array();
    echo_["parallel_tool_calls"] = fields_.Bool("parallel_tool_calls").value_or(true);
    return sheepop::ReadTools(fields_, ToolsApi::kResponses, context_.unknown, ask_.unused);
  }

  void ReadUnused() {
    const json::object* const metadata = fields_.Object("metadata");
    echo_["metadata"] = metadata ? *metadata : json::object();
    for (const std::string_view name : {"prompt_cache_key", "safety_identifier", "user"}) {
      const auto text = fields_.String(name);
      echo_[name] = text ? json::value(*text) : json::value(nullptr);
    }
    if (const json::object* const cache = fields_.Object("prompt_cache_options")) {
      Fields inner(*cache, "prompt_cache_options");
      if (inner.Bool("prewarm").value_or(false)) inner.Refuse("prewarm", "is true: every request is answered here");
    }
    fields_.Unused({"access_programs", "background_options", "client_metadata", "image", "max_tool_calls", "metadata",
                    "moderation", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
                    "safety_identifier", "service_tier", "store", "user"},
                   ask_.unused);
  }

  // The members of the answer that say what was asked; of the settings, those that are in force.
  json::object Echo(const std::optional<std::string>& instructions) {
    const bool limited = echo_.contains("max_output_tokens");
    json::object echo{{"background", false},
                      {"instructions", instructions ? json::value(*instructions) : json::value(nullptr)},
                      {"max_output_tokens", limited ? echo_.at("max_output_tokens") : json::value(nullptr)},
                      {"max_tool_calls", nullptr},
                      {"previous_response_id", nullptr},
                      {"service_tier", "default"},
                      {"store", false},
                      {"temperature", ask_.options.sampling.temperature},
                      {"top_p", ask_.options.sampling.top_p},
                      {"truncation", "disabled"}};
    for (auto& member : echo_) echo[member.key()] = std::move(member.value());
    return echo;
  }

  const RequestContext& context_;
  Fields fields_;
  Ask ask_;
  ConversationAsk conversation_;
  json::object echo_;
};

}  // namespace

Parsed ParseResponses(const json::object& body, const RequestContext& context) {
  return RequestReader(body, context).Read();
}

}  // namespace sheepop
