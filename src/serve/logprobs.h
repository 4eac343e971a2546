// Log-probabilities of a token, as answers give them.
#pragma once

#include <cstddef>
#include <span>

#include "model/model.h"
#include "serve/answer.h"

namespace sheepop {

// Sets record.logprob, of record.id, and record.top, the `best` most probable tokens. The chosen token and an equal one
// among the best have the same number, bit for bit.
void Score(const Model& model, std::span<const float> logits, size_t best, TokenRecord& record);

}  // namespace sheepop
