// For the tests of chat formats: small templates, one for each family, and answers in their forms.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "generate/chat_format.h"
#include "tokenize/testing_vocabularies.h"

namespace sheepop::testing {

struct SmallTemplate {
  std::string family;
  std::string calls;  // what an assistant's message writes of m.tool_calls
  bool parallel = true, object_arguments = true;
  bool escapes = true;                   // any text can be written as a value
  std::string whole = {};                // the whole template, where its turns are of a kind of their own
  std::vector<std::string> unseen = {};  // marks that are no part of what a reader tells
};

inline std::string EachCall(const std::string& body, const std::string& separator = "") {
  return "{% for c in m.tool_calls %}{% set f = c.function %}" + body +
         (separator.empty() ? "" : "{% if not loop.last %}" + separator + "{% endif %}") + "{% endfor %}";
}

// gpt-oss's: an answer is messages in channels. Words in front of a call are thoughts.
inline SmallTemplate Harmony() {
  const std::string message = "<|start|>assistant<|channel|>";
  return {
      "harmony",
      "",
      false,
      true,
      true,
      "<|start|>system<|message|>Reasoning: {{ reasoning_effort or 'medium' }}{% for t in builtin_tools or [] %}, {{ t "
      "}}{% "
      "endfor %}, {{ strftime_now('%Y-%m-%d') }}<|end|>"
      "{% if tools %}<|start|>developer<|message|>{{ tools | tojson }}<|end|>{% endif %}"
      "{% for m in messages %}{% if m.role == 'assistant' and m.tool_calls %}"
      "{% if m.content and m.thinking %}{{ raise_exception('Cannot pass both content and thinking') }}{% endif %}"
      "{% if m.content or m.thinking %}" +
          message + "analysis<|message|>{{ m.content or m.thinking }}<|end|>{% endif %}" +
          "<|start|>assistant to=functions.{{ m.tool_calls[0].function.name }}<|channel|>commentary json<|message|>"
          "{{ m.tool_calls[0].function.arguments | tojson }}<|call|>"
          "{% elif m.role == 'assistant' %}{% if loop.last and not add_generation_prompt and m.thinking %}" +
          message + "analysis<|message|>{{ m.thinking }}<|end|>{% endif %}" + message +
          "final<|message|>{{ m.content }}{{ '<|return|>' if loop.last and not add_generation_prompt else '<|end|>' }}"
          "{% else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
          "{% if add_generation_prompt %}<|start|>assistant{% endif %}",
      {"<|start|>assistant", "<|channel|>analysis<|message|>", "<|channel|>commentary<|message|>",
       "<|channel|>final<|message|>", "<|end|>", "<|return|>", "<|call|>"}};
}

inline const std::vector<SmallTemplate>& SmallTemplates() {
  const std::string json = "{{ f.arguments | tojson }}";
  const std::string object = "{\"name\": \"{{ f.name }}\", \"arguments\": " + json + "}";
  const std::string value = "{{ v if v is string else v | tojson }}";
  const std::string nested =
      "{% macro put(v) %}{% if v is mapping %}{% for k, w in v.items() %}]<]minimax[>[<{{ k }}>{{ put(w) "
      "}}]<]minimax[>[</{{ k }}>"
      "{% endfor %}{% elif v is iterable and v is not string %}{% for w in v %}]<]minimax[>[<item>{{ put(w) "
      "}}]<]minimax[>[</item>"
      "{% endfor %}{% else %}{{ v if v is string else v | tojson }}{% endif %}{% endmacro %}";
  const std::string gemma =
      "{% macro put(v) %}{% if v is string %}<|\"|>{{ v }}<|\"|>{% elif v is mapping %}{{ '{' }}{% for k, w in v | "
      "dictsort %}{{ k }}:"
      "{{ put(w) }}{% if not loop.last %},{% endif %}{% endfor %}{{ '}' }}{% elif v is boolean %}{{ 'true' if v else "
      "'false' }}"
      "{% elif v is iterable %}[{% for w in v %}{{ put(w) }}{% if not loop.last %},{% endif %}{% endfor %}]"
      "{% else %}{{ v }}{% endif %}{% endmacro %}";
  const auto pairs = [&](const std::string& before, const std::string& pair, const std::string& after) {
    return EachCall(before + "{% for k, v in f.arguments.items() %}" + pair + "{% endfor %}" + after);
  };
  static const std::vector<SmallTemplate> templates = {
      {"hermes", EachCall("\n<tool_call>\n" + object + "\n</tool_call>")},
      {"apriel", "<tool_calls>[" + EachCall(object.substr(0, object.size() - 1) + ", \"id\": \"{{ c.id }}\"}", ", ") +
                     "]</tool_calls>"},
      {"minimax-m1", "<tool_calls>" + EachCall("\n" + object) + "\n</tool_calls>"},
      {"nemotron", "<TOOLCALL>[" + EachCall(object, ", ") + "]</TOOLCALL>"},
      {"apertus", "<|tools_prefix|>[" + EachCall("{\"{{ f.name }}\": " + json + "}", ", ") + "]<|tools_suffix|>"},
      {"mistral",
       "[TOOL_CALLS][" + EachCall(object.substr(0, object.size() - 1) + ", \"id\": \"{{ c.id }}\"}", ", ") + "]"},
      {"mistral-args", EachCall("[TOOL_CALLS]{{ f.name }}[CALL_ID]{{ c.id }}[ARGS]" + json)},
      {"llama3",
       "{% if m.tool_calls | length > 1 %}{{ raise_exception('one') }}{% endif %}" +
           EachCall("{\"name\": \"{{ f.name }}\", \"parameters\": " + json + "}"),
       false},
      {"command-r7b",
       "<|START_ACTION|>[" +
           EachCall(
               "\n    {\"tool_call_id\": \"{{ loop.index0 }}\", \"tool_name\": \"{{ f.name }}\", \"parameters\": " +
                   json + "}",
               ",") +
           "\n]<|END_ACTION|>"},
      {"command-r",
       "\nAction:\n```json\n[" +
           EachCall("\n    {\n        \"tool_name\": \"{{ f.name }}\",\n        \"parameters\": " + json + "\n    }",
                    ",") +
           "\n]```"},
      {"granite", "<|tool_call|>[" + EachCall(object, ", ") + "]"},
      {"firefunction", " functools[" + EachCall(object, ", ") + "]"},
      {"gigachat", EachCall("{% if loop.first %}<|function_call|>" + object + "{% endif %}"), false},
      {"functionary-3.1", EachCall("<function={{ f.name }}>{{ f.arguments }}</function>"), true, false},
      {"qwen3-coder",
       pairs("\n<tool_call>\n<function={{ f.name }}>\n", "<parameter={{ k }}>\n" + value + "\n</parameter>\n",
             "</function>\n</tool_call>"),
       true, true, false},
      {"seed-oss",
       pairs("\n<seed:tool_call>\n<function={{ f.name }}>\n", "<parameter={{ k }}>" + value + "</parameter>\n",
             "</function>\n</seed:tool_call>"),
       true, true, false},
      {"glm",
       pairs("\n<tool_call>{{ f.name }}\n", "<arg_key>{{ k }}</arg_key>\n<arg_value>" + value + "</arg_value>\n",
             "</tool_call>"),
       true, true, false},
      {"minimax-m2",
       "\n<minimax:tool_call>\n" +
           pairs("<invoke name=\"{{ f.name }}\">\n", "<parameter name=\"{{ k }}\">" + value + "</parameter>\n",
                 "</invoke>\n") +
           "</minimax:tool_call>",
       true, true, false},
      {"minimax-m3",
       nested + "]<]minimax[>[<tool_call>\n" +
           EachCall("]<]minimax[>[<invoke name=\"{{ f.name }}\">{{ put(f.arguments) }}]<]minimax[>[</invoke>\n") +
           "]<]minimax[>[</tool_call>",
       true, true, false},
      {"deepseek-dsml",
       "\n\n<｜DSML｜function_calls>\n" +
           pairs("<｜DSML｜invoke name=\"{{ f.name }}\">\n",
                 "<｜DSML｜parameter name=\"{{ k }}\" string=\"{{ 'true' if v is string else 'false' }}\">" + value +
                     "</｜DSML｜parameter>\n",
                 "</｜DSML｜invoke>\n") +
           "</｜DSML｜function_calls>",
       true, true, false},
      {"deepseek", "<｜tool▁calls▁begin｜>" +
                       EachCall("<｜tool▁call▁begin｜>{{ f.name }}<｜tool▁sep｜>" + json + "<｜tool▁call▁end｜>") +
                       "<｜tool▁calls▁end｜>"},
      {"kimi-k2",
       "<|tool_calls_section_begin|>" +
           EachCall("<|tool_call_begin|>functions.{{ f.name }}:{{ loop.index0 }}<|tool_call_argument_begin|>" + json +
                    "<|tool_call_end|>") +
           "<|tool_calls_section_end|>"},
      {"lfm2", "<|tool_call_start|>[" +
                   EachCall("{{ f.name }}({% for k, v in f.arguments.items() %}{{ k }}={% if v is string %}'{{ v | "
                            "replace('\\\\', '\\\\\\\\') | "
                            "replace(\"'\", \"\\\\'\") }}'{% elif v is boolean %}{{ v }}{% else %}{{ v | tojson }}{% "
                            "endif %}{% if not loop.last %}, "
                            "{% endif %}{% endfor %})",
                            ", ") +
                   "]<|tool_call_end|>"},
      {"gemma4", gemma + EachCall("<|tool_call>call:{{ f.name }}{{ put(f.arguments) }}<tool_call|>"), true, true,
       false},
      {"minicpm5",
       pairs("\n<function name=\"{{ f.name }}\">", "<param name=\"{{ k }}\">" + value + "</param>", "</function>"),
       true, true, false},
      {"tagged", pairs("<do what=\"{{ f.name }}\">", "<with {{ k }}>" + value + "</with>", "</do>"), true, true, false},
      {"json", "<calls>" + EachCall("<<" + object + ">>") + "</calls>"},
      Harmony(),
  };
  return templates;
}

inline std::string TemplateText(const SmallTemplate& small) {
  if (!small.whole.empty()) return small.whole;
  return "{% if tools %}<|system|>{{ tools | tojson }}<|eot|>{% endif %}{% for m in messages %}<|{{ m.role }}|>"
         "{% if m.role == 'assistant' %}{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% "
         "endif %}"
         "{{ m.content or '' }}{% if m.tool_calls %}" +
         small.calls +
         "{% endif %}{% else %}{{ m.content }}{% endif %}<|eot|>{% endfor %}{% if add_generation_prompt "
         "%}<|assistant|>{% endif %}";
}

inline const Tokenizer& PlainTokenizer() {
  static const Tokenizer tokenizer = Tokenizer::FromGguf(ByteLevelVocabulary({}, {"<|eot|>"}));
  return tokenizer;
}

inline boost::json::array Tools() {
  return boost::json::parse(
             R"([{"type": "function", "function": {"name": "get_weather", "description": "Weather.", "parameters": {
      "type": "object", "properties": {
        "city": {"type": "string"}, "count": {"type": "integer"}, "flag": {"type": "boolean"},
        "deep": {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}, "s": {"type": "string"}}}},
      "required": ["city"]}}},
    {"type": "function", "function": {"name": "no_arguments", "description": "Nothing.", "parameters": {"type": "object", "properties": {}}}}])")
      .as_array();
}

inline boost::json::object Arguments(std::string_view city) {
  return {{"city", city}, {"count", 3}, {"flag", true}, {"deep", {{"a", {1, 2}}, {"s", "t"}}}};
}

// The answer that the template writes of these calls, words in front.
inline std::string AnswerOf(const ChatTemplate& chat, const ChatFormat& format,
                            const std::vector<boost::json::object>& calls, std::string_view words = "",
                            std::string_view name = "get_weather") {
  boost::json::array list;
  for (const boost::json::object& arguments : calls) {
    boost::json::value given = arguments;
    if (!format.wants_object_arguments()) given = boost::json::string(boost::json::serialize(arguments));
    list.push_back({{"id", "call0000" + std::to_string(list.size() + 1)},
                    {"type", "function"},
                    {"function", {{"name", name}, {"arguments", given}}}});
  }
  boost::json::array messages = {{{"role", "user"}, {"content", "?"}},
                                 {{"role", "assistant"}, {"content", words}, {"tool_calls", std::move(list)}}};
  const boost::json::array question = {messages[0]};
  const size_t begin = chat.Render({{"messages", question}, {"add_generation_prompt", true}}, 0).Text().size();
  const std::string text = chat.Render({{"messages", std::move(messages)}}, 0).Text();
  return text.substr(begin, text.rfind("<|") - begin);  // without the mark that ends the turn
}

// What a reader made of a text that came in pieces of `size` bytes.
struct ReadAnswer {
  std::string text, thinking, whole;  // whole: all of it put together again
  std::vector<ToolCall> calls;
  std::vector<std::string> streamed;  // the arguments of whole calls, by their deltas
};

inline ReadAnswer ReadIn(const ChatFormat& format, std::string_view text, size_t size, const boost::json::array& tools,
                         bool in_thoughts = false) {
  ChatFormat::Reader reader(format, tools, true, in_thoughts);
  ReadAnswer out;
  std::vector<std::string> order;  // texts; empty: a call
  std::string arguments;
  const auto take = [&](const std::vector<AnswerDelta>& deltas) {
    for (const AnswerDelta& delta : deltas) {
      if (delta.kind == AnswerDelta::kText) {
        out.text += delta.text;
        order.push_back(delta.text);
      }
      if (delta.kind == AnswerDelta::kThinking) {
        out.thinking += delta.text;
        order.push_back(delta.text);
      }
      if (delta.kind == AnswerDelta::kCallBegin) arguments.clear();
      if (delta.kind == AnswerDelta::kCallArguments) arguments += delta.text;
      if (delta.kind == AnswerDelta::kCallEnd) {
        out.streamed.push_back(arguments);
        order.emplace_back();
      }
    }
  };
  for (size_t at = 0; at < text.size(); at += size) take(reader.Add(text.substr(at, size)));
  take(reader.End());
  out.calls = reader.calls();
  size_t call = 0;
  for (const std::string& one : order)
    out.whole += one.empty() && call < out.calls.size() ? out.calls[call++].text : one;
  return out;
}

}  // namespace sheepop::testing
