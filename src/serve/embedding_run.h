// Vectors of texts, computed on the service: each input is a prompt whose rows are handed out and that writes nothing.
#pragma once

#include <memory>

#include "serve/api/embeddings.h"
#include "serve/http/exchange.h"
#include "serve/session.h"

namespace sheepop {

// Of each input the hidden states of its tokens, or of the last alone, averaged and brought to length 1. Any thread;
// `exchange` is answered on the network's: 429 where the queue has no room for the first input, 400 for one beyond the
// context. `context` must outlive what it starts.
void StartEmbeddings(SessionContext& context, std::shared_ptr<http::Exchange> exchange, EmbeddingsAsk ask);

}  // namespace sheepop
