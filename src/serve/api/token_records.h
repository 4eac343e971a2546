// Tokens of an answer as JSON, for every API that shows them.
#pragma once

#include <boost/json/array.hpp>
#include <span>

#include "serve/answer.h"
#include "serve/served_model.h"

namespace sheepop {

// Entries of OpenAI's logprobs: {token, logprob, bytes, top_logprobs: [{token, logprob, bytes}]}. `bytes` of all tokens
// are the bytes of the text.
boost::json::array LogprobEntries(std::span<const TokenRecord> tokens, const ServedModel& model);

// The traces of the tokens that have one, as `explain` shows them, each with the `bytes` of the text that are its token's.
boost::json::array TraceEntries(std::span<const TokenRecord> tokens, const ServedModel& model);

}  // namespace sheepop
