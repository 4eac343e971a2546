// The input of OpenAI's /v1/responses as messages of its chat API.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "serve/fields.h"

namespace sheepop {

// `input` is text, or a list of items: messages, function_call, function_call_output, reasoning. Items that the
// assistant made between two messages of others are one message of it: their texts apart by an empty line, its calls as
// tool_calls, its reasoning as reasoning_content. `instructions` and the system and developer messages that lead the
// input are one system message. No input is one empty message of the user.
//
// What cannot be rendered (encrypted reasoning, cache marks) is named in `unused`. Throws ApiError: 400 for what is no
// such item, a call's output whose call is not there, and references to what a server would have stored; 501 for
// images, files and items that only the vendor makes.
boost::json::array ReadResponsesInput(const boost::json::value& input, const std::optional<std::string>& instructions,
                                      UnknownFields unknown, std::vector<std::string>& unused);

}  // namespace sheepop
