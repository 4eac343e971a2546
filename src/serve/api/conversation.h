// A conversation as clients send it, made into the prompt that the model's template renders.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ctime>
#include <string>
#include <vector>

#include "serve/ask.h"

namespace sheepop {

struct ConversationAsk {
  boost::json::array messages;  // as templates read them: role, content as text, tool_calls, reasoning_content
  bool add_generation_prompt = true;
  bool continue_final = false;    // the last message, of the assistant, is gone on with
  boost::json::object variables;  // chat_template_kwargs, enable_thinking, ...
};

// Messages of OpenAI's chat API, checked and brought into that form: content as a string or as text parts, developer as
// system, reasoning and reasoning_content alike. `path` names the array in params. Throws ApiError: 400 for what is no
// such message, 501 for images, audio and files.
boost::json::array ReadMessages(const boost::json::array& messages, const std::string& path);

// Throws ApiError 400 for a model without a template, a conversation that its template refuses (with its words), two
// trailing assistant messages, and continue_final with add_generation_prompt.
AskedPrompt EncodeConversation(const ServedModel& model, const ConversationAsk& conversation, std::time_t now);

}  // namespace sheepop
