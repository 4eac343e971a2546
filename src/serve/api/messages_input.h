// The conversation of Anthropic's /v1/messages as messages of OpenAI's chat API.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "serve/fields.h"

namespace sheepop {

// `system` (may be null) is text or a list of text blocks, `messages` a list of {role, content}, with content as text
// or as blocks: text, tool_use, tool_result, thinking. Texts of one content are apart by a newline; neighbouring
// messages of one role are one message, apart by an empty line, as the API has it. A tool_result is a message of the
// tool.
//
// A first line of `system` that begins with "x-anthropic-billing-header" or "cch=" is not part of the prompt: it
// changes with every request, and no prefix of the prompt would ever be found in the cache. It is named in `unused`,
// and so is what cannot be rendered: cache marks, signatures, is_error, redacted thinking.
//
// Throws ApiError: 400 for what is no such message, a tool_result without its tool_use and a tool_use without its
// tool_result; 501 for images, documents and blocks of the vendor's own tools.
boost::json::array ReadMessagesInput(const boost::json::value* system, const boost::json::array& messages,
                                     UnknownFields unknown, std::vector<std::string>& unused);

}  // namespace sheepop
