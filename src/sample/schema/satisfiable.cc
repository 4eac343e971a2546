#include "sample/schema/satisfiable.h"

#include <algorithm>

#include "sample/schema/array_plan.h"
#include "sample/schema/object_plan.h"

namespace sheepop::schema {

void Satisfiable::Use(ObjectPlans& objects, ArrayPlans& arrays) {
  objects_ = &objects;
  arrays_ = &arrays;
}

bool Satisfiable::HasWord(const ObjectShape& object) { return objects_->HasWord(object); }

void Satisfiable::CountStep() {
  if (++steps_ <= kMostSteps) return;
  throw SchemaError(
      ErrorCategory::kLimit,
      {"", "", "what the schema allows is not found out within 2000000 steps: a simpler schema is needed"});
}

bool Satisfiable::HasText(const grammar::NumberConditions& conditions) {
  const grammar::NumberConditions& c = conditions;
  if (!c.minimum && !c.maximum && !c.integer && c.multiples.empty()) return true;  // 0.5, 0.25, ... in any form
  return MakeNumberLanguage(conditions, number_form_)->Start() != grammar::ByteLanguage::kDead;
}

bool Satisfiable::HasText(const NumberShape& number) {
  return number.among ? !number.among->empty() : HasText(number.conditions);
}

// A conjunction that is being worked out counts as empty where it is met again. That it has an instance is then true all
// the same; that it has none is so where nothing above it was taken for empty.
bool Satisfiable::Holds(ConjunctionId conjunction) {
  if (conjunction == kNothing || conjunction == kAnything) return conjunction == kAnything;
  const auto index = static_cast<uint32_t>(conjunction);
  if (const auto found = known_.find(index); found != known_.end()) return found->second;
  if (const auto found = in_progress_.find(index); found != in_progress_.end()) {
    lowest_ = std::min(lowest_, found->second);
    return false;
  }
  CountStep();
  const size_t depth = in_progress_.size();
  if (depth > kMostDepth) {
    throw SchemaError(ErrorCategory::kLimit, {"", "", "what is required lies more than 500 levels deep"});
  }
  const size_t outer = std::exchange(lowest_, SIZE_MAX);
  in_progress_[index] = depth;
  bool holds = false;
  try {
    holds = Search(form_.Of(conjunction));
  } catch (...) {
    in_progress_.erase(index);
    lowest_ = outer;
    throw;
  }
  in_progress_.erase(index);
  if (holds || lowest_ >= depth) known_[index] = holds;
  lowest_ = std::min(outer, holds || lowest_ >= depth ? SIZE_MAX : lowest_);
  return holds;
}

bool Satisfiable::KnownEmpty(ConjunctionId conjunction) {
  const bool holds = Holds(conjunction);
  const auto found = known_.find(static_cast<uint32_t>(conjunction));
  return conjunction == kNothing || (!holds && found != known_.end() && !found->second);
}

bool Satisfiable::Search(const Shapes& shapes) {
  if (shapes.null || shapes.no || shapes.yes) return true;
  if (shapes.strings && HasText(*shapes.strings)) return true;
  if (std::ranges::any_of(shapes.numbers, [&](const NumberShape& number) { return HasText(number); })) return true;
  if (std::ranges::any_of(shapes.objects, [&](const ObjectShape& shape) { return objects_->HasWord(shape); }))
    return true;
  return std::ranges::any_of(shapes.arrays, [&](const ArrayShape& shape) { return arrays_->HasWord(shape); });
}

}  // namespace sheepop::schema
