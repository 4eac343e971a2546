// What is asked of the shape of an answer: schemas, grammars, tools. None of it can be kept yet, and all of it is
// refused here and nowhere else.
#pragma once

#include <string>
#include <vector>

#include "serve/fields.h"

namespace sheepop {

// Reads tools, tool_choice, parallel_tool_calls, functions, function_call, response_format, structured_outputs, grammar,
// json_schema, guided_*, lora and the like, as OpenAI's and Anthropic's APIs and local servers call them. Throws ApiError
// 501 with the field as its param for what would change the answer, 400 for what nobody could do. Accepted, and named in
// `unused` where it is there: tools with a tool_choice of none, tools that only their vendor runs (web_search, ...),
// parallel_tool_calls. A response_format of text is as good as none.
void ReadConstraints(Fields& fields, std::vector<std::string>& unused);

// 501 for a field that asks for such a thing under a name of one API's own.
[[noreturn]] void RefuseYet(const std::string& param);

}  // namespace sheepop
