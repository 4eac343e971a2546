// OpenAI's /v1/responses, without state: every request carries its whole conversation, and nothing is kept of it.
//
// A stream is response.created, response.in_progress, response.output_item.added, response.content_part.added,
// response.output_text.delta for each piece, then the same .done in reverse, and last response.completed or
// response.incomplete. Every event has its sequence_number, every one of an item its indices and item_id, and all that
// carry a response the same id. A beat is a delta without text: clients add it and see nothing, where a second
// response.in_progress would take back what they have. A stream that cannot go on ends with response.failed, and with
// an event that has the member "error", which the clients of OpenAI raise.
#pragma once

#include <boost/json/object.hpp>

#include "serve/api/request_context.h"
#include "serve/dialect.h"

namespace sheepop {

// Throws ApiError: 400 for a field that is wrong or unknown and for what needs a server that remembers
// (previous_response_id, conversation, background, prompt); 501 for functions, formats and inputs beyond text. Tools
// that only the vendor runs are accepted and named in ask.unused.
Parsed ParseResponses(const boost::json::object& body, const RequestContext& context);

}  // namespace sheepop
