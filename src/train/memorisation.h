// How much of a sampled text the model has by heart.
#pragma once

#include <cstddef>
#include <span>

#include "base/token.h"
#include "train/documents.h"

namespace sheepop {

// The share of the sample's tokens that lie in stretches of at least `length` tokens that stand verbatim in one of the
// documents. Time linear in the documents, memory in the sample. 0 for a sample shorter than `length`.
double VerbatimShare(std::span<const Token> sample, const TokenDocuments& documents, size_t length);

// About how many tokens 50 bytes of these documents are; at least 4.
size_t VerbatimLength(const TokenDocuments& documents);

}  // namespace sheepop
