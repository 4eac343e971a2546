// Anthropic's /v1/messages and /v1/messages/count_tokens.
//
// A stream is message_start, content_block_start, content_block_delta for each piece, content_block_stop,
// message_delta, message_stop; a beat is a ping, and a stream that cannot go on ends with an error event. When a
// stream begins nobody knows yet what of the prompt the cache holds, so message_start counts all of it as
// input_tokens; message_delta has the counts that hold, with what was found in the cache as cache_read_input_tokens
// and not in input_tokens. Clients take those of message_delta in place of the first.
#pragma once

#include <boost/json/object.hpp>

#include "serve/api/request_context.h"
#include "serve/dialect.h"

namespace sheepop {

// A conversation that ends with the assistant is gone on with. Throws ApiError: 400 for a field that is wrong, missing
// or unknown; 501 for tools that the model is to call, output formats and content beyond text. Tools that only the
// vendor runs are accepted and named in ask.unused.
Parsed ParseMessages(const boost::json::object& body, const RequestContext& context);

// {"input_tokens": n}: those that ParseMessages would give the model; with `sheepop.unused` where something is. Throws
// the same.
boost::json::object CountTokens(const boost::json::object& body, const RequestContext& context);

}  // namespace sheepop
