// POST /v1/chat/completions: OpenAI's chat API as its clients of 2026 send it, with the extras of local servers.
//
// Works: messages, model, max_completion_tokens, max_tokens, n, stream, stream_options (include_usage,
// continuous_usage_stats), logprobs, top_logprobs, reasoning_effort, verbosity, chat_template_kwargs, enable_thinking,
// add_generation_prompt, continue_final_message, return_token_ids, all of ReadSampling. Refused by name, 501: all of
// ReadConstraints that would change the answer. Accepted and named in ask.unused: what cannot change the text.
//
// In answers the bytes of choices[].logprobs.content[], joined, are the text; `token` is the token's own text, which for
// a token that shows nothing is its name. With `explain` choices[].sheepop.tokens has the trace of each token, shaped as
// by `sheepop explain --json`.
#pragma once

#include <boost/json/object.hpp>

#include "serve/api/request_context.h"
#include "serve/dialect.h"

namespace sheepop {

// Throws ApiError.
Parsed ParseChat(const boost::json::object& body, const RequestContext& context);

}  // namespace sheepop
