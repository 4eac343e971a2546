// The tools that a client lets the model call, whatever API they came by.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <vector>

#include "generate/chat_format.h"
#include "serve/fields.h"

namespace sheepop {

// Of OpenAI's chat {"type": "function", "function": {...}}, of its responses {"type": "function", "name": ...}, of
// Anthropic's messages {"name", "input_schema"}.
enum class ToolsApi { kChat, kResponses, kMessages };

struct ToolsAsk {
  boost::json::array shown;     // in the form of OpenAI's chat: name, description, parameters
  boost::json::array callable;  // of these, what may be called; empty where the choice is kNone
  ChatFormat::Choice choice = {.use = ChatFormat::Use::kNone, .name = "", .parallel = true};
  std::string field = "tools";
  bool functions = false;  // asked for in OpenAI's old form: functions, function_call
};

// Reads tools, tool_choice and parallel_tool_calls, and of the chat functions, function_call and web_search_options. Tools
// that only their vendor runs are named in `unused`, and so are all where the choice is none: then none is shown. Throws
// ApiError: 400 for what is no tool, names that are no names or stand twice, and a choice of what is not there; 501 for a
// custom tool, whose input is no JSON, and a choice of a vendor's.
ToolsAsk ReadTools(Fields& fields, ToolsApi api, UnknownFields unknown, std::vector<std::string>& unused);

}  // namespace sheepop
