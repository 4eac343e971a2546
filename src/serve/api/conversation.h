// A conversation as clients send it, made into the prompt that the model's template renders.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ctime>
#include <string>
#include <vector>

#include "serve/ask.h"
#include "serve/fields.h"

namespace sheepop {

struct ConversationAsk {
  boost::json::array messages;  // as templates read them: role, content as text, tool_calls, reasoning_content
  bool add_generation_prompt = true;
  bool continue_final = false;    // the last message, of the assistant, is gone on with
  size_t inserted = 0;            // messages in front that no client sent
  boost::json::object variables;  // chat_template_kwargs, enable_thinking, ...
};

// Messages of OpenAI's chat API, checked and brought into that form: text parts joined by newlines, developer as
// system, function as tool, reasoning and reasoning_content alike, the arguments of calls as objects. `path` names the
// array in params. Members that no message has are treated as `unknown` says. Throws ApiError: 400 for what is no such
// message, 501 for images, audio and files.
boost::json::array ReadMessages(const boost::json::array& messages, const std::string& path, UnknownFields unknown,
                                std::vector<std::string>& unused);

// chat_template_kwargs, enable_thinking, verbosity and reasoning_effort (none to max; none also sets enable_thinking to
// false).
// What the model's template does not mention is named in `unused`. Throws ApiError 400 for a variable that two of them
// set, and for those that are not a client's to set: messages, tools and add_generation_prompt, which have fields of
// their own, and what ends in "_token", which a template may put into its markup.
void ReadTemplateVariables(Fields& fields, const ServedModel& model, ConversationAsk& conversation,
                           std::vector<std::string>& unused);

// Throws ApiError 400 for a model without a template, a conversation that its template refuses (with its words), two
// trailing assistant messages, and continue_final with add_generation_prompt.
AskedPrompt EncodeConversation(const ServedModel& model, const ConversationAsk& conversation, std::time_t now);

}  // namespace sheepop
