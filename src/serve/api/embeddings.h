// POST /v1/embeddings: one vector for each input, from the hidden states of a model that writes text.
//
// Fields: input (text, texts, ids, lists of ids; 1 to 2,048, none empty), model, encoding_format (float, or base64 of
// little-endian 32-bit floats), dimensions (the model's width, no other), pooling (mean, the default, or last), user,
// add_special_tokens and parse_special as in completions.h.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evaluate/text_vector.h"
#include "serve/api/request_context.h"
#include "serve/ask.h"

namespace sheepop {

struct EmbeddingsAsk {
  std::shared_ptr<const ServedModel> model;
  std::vector<AskedPrompt> inputs;
  Pooling pooling = Pooling::kMean;
  bool base64 = false;
  std::vector<std::string> unused;
};

// Throws ApiError.
EmbeddingsAsk ParseEmbeddings(const boost::json::object& body, const RequestContext& context);

// `vectors`: of each input, [hidden]. `model`: its name, as the client called it.
boost::json::object EmbeddingsAnswer(const EmbeddingsAsk& ask, std::string_view model,
                                     std::span<const std::vector<float>> vectors);

}  // namespace sheepop
