// POST /v1/completions: OpenAI's API of plain texts, as lm-evaluation-harness, editors and base models use it.
//
// Works: prompt (text, texts, ids, lists of ids), model, max_tokens (16 where nothing is said), n, best_of equal to n,
// echo, logprobs 0 to 5, stream, stream_options, return_token_ids, all of ReadSampling; and add_special_tokens (default
// true) and parse_special (default false), which say how texts become tokens. Choice = index of the prompt * n + i.
// Refused by name, 501: suffix, best_of above n, all of ReadConstraints that would change the answer.
//
// `logprobs` of a choice are {tokens, token_logprobs, top_logprobs, text_offset}, with `echo` those of the prompt first,
// whose first has null in both. `tokens` and the keys of top_logprobs are the texts of tokens; one that is no whole UTF-8
// is spelt "bytes:\xe2\x80", and of tokens that print alike the later ones so, or "token_id:17". Each map has the drawn
// token besides the best, with the number that token_logprobs has. text_offset counts characters of the choice's text.
#pragma once

#include <boost/json/object.hpp>

#include "serve/api/request_context.h"
#include "serve/dialect.h"

namespace sheepop {

inline constexpr size_t kMostPrompts = 2048;

// Throws ApiError.
Parsed ParseCompletions(const boost::json::object& body, const RequestContext& context);

}  // namespace sheepop
