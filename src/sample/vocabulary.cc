#include "sample/vocabulary.h"

#include "sample/constraint_cache.h"

namespace sheepop {

SamplingVocabulary::SamplingVocabulary() : constraints_(std::make_unique<ConstraintCache>()) {}
SamplingVocabulary::~SamplingVocabulary() = default;

}  // namespace sheepop
