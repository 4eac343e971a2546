// The tokens that a grammar leaves no choice about, as the model's tokenizer would write them.
#pragma once

#include <span>
#include <vector>

#include "sample/constraint.h"
#include "sample/vocabulary.h"

namespace sheepop {

// The tokens of the bytes that must follow `position`, behind the tokens of `output`. A last token that could still
// become another one, by bytes that the grammar allows to follow, is not among them, nor are a control token and what
// follows it. Nothing where the vocabulary cannot encode.
std::vector<Token> ForcedRun(const Constraint& constraint, const Constraint::Position& position,
                             std::span<const Token> output, const SamplingVocabulary& vocabulary);

}  // namespace sheepop
