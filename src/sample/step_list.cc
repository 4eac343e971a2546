#include "sample/step_list.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "sample/profile.h"

namespace sheepop {
namespace {

const StepRow* FindStep(std::string_view name) {
  const auto* found = std::ranges::find(kSteps, name, &StepRow::name);
  return found == std::end(kSteps) ? nullptr : found;
}

std::vector<const StepRow*> ProfileOrder(const SamplingOptions& options) {
  std::vector<const StepRow*> order;
  for (std::string_view name : ProfileNamed(options.profile).order) order.push_back(FindStep(name));
  for (const StepRow& row : kSteps) {
    if (std::ranges::find(order, &row) == order.end()) order.push_back(&row);
  }
  if (options.mirostat != 0) std::erase_if(order, [](const StepRow* row) { return row->filter; });
  return order;
}

[[noreturn]] void RefuseStep(std::string_view name) {
  std::vector<std::string_view> known = {"penalties"};
  for (const StepRow& row : kSteps) known.push_back(row.name);
  throw Error(ErrorCategory::kInvalidArgument, "samplers names \"{}\", must be of {}{}", name, fmt::join(known, ", "),
              DidYouMean(name, known));
}

std::vector<const StepRow*> GivenOrder(const SamplingOptions& options) {
  std::vector<const StepRow*> order;
  for (const std::string& name : options.samplers) {
    if (name == "penalties") {
      for (std::string_view part : {"repetition", "presence", "frequency"}) order.push_back(FindStep(part));
    } else if (const StepRow* row = FindStep(name)) {
      order.push_back(row);
    } else {
      RefuseStep(name);
    }
  }
  if (options.mirostat != 0 && std::ranges::find(order, FindStep("mirostat")) == order.end()) {
    throw Error(ErrorCategory::kInvalidArgument, "mirostat is {}, but samplers does not name it", options.mirostat);
  }
  return order;
}

void Add(StepMaker* make, const SamplingOptions& options, const SamplingVocabulary& vocabulary, StepList& steps) {
  if (StepPointer step = make(options, vocabulary)) steps.push_back(std::move(step));
}

}  // namespace

StepList MakeMasks(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  StepList steps;
  for (const StepRow& row : kMasks) Add(row.make, options, vocabulary, steps);
  return steps;
}

StepList MakeOrdered(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  StepList steps;
  for (const StepRow* row : options.samplers.empty() ? ProfileOrder(options) : GivenOrder(options)) {
    Add(row->make, options, vocabulary, steps);
  }
  Add(MakeGreedy, options, vocabulary, steps);
  return steps;
}

}  // namespace sheepop
