// A conversation that was read, with what may be called in it, made into what is asked of the model: the prompt, the shape
// of the answer, and how the answer is taken apart.
#pragma once

#include <ctime>

#include "serve/api/conversation.h"
#include "serve/api/tools.h"
#include "serve/ask.h"
#include "serve/fields.h"

namespace sheepop {

// `thinking`: {"type": "enabled", "budget_tokens": n}, as Anthropic's API has it and others read it too. Sets variables of
// the template, and the budget in ask.options.sampling; what changes nothing is named in ask.unused. Throws ApiError 400.
void ReadThinking(Fields& fields, UnknownFields unknown, ConversationAsk& conversation, Ask& ask);

// Sets ask.prompts, ask.reading, and the constraint of ask.options.sampling: calls, and where the thoughts are that come
// before the shape. Schemas, and tools that the template does not show, are shown in a line of the system. Everything of
// the request has been read before. Throws what EncodeConversation and CheckShape throw, and ApiError 400 for a shape other
// than a JSON schema beside tools that may be called or not.
void AskConversation(ConversationAsk conversation, const ToolsAsk& tools, std::time_t now, Ask& ask);

}  // namespace sheepop
