#include "tokenize/normalizer.h"

#include <algorithm>

namespace sheepop {

std::string_view Normalizer::Apply(std::string_view text, Buffers& buffers) const {
  std::string* next = &buffers.a;
  for (const auto& step : steps_) {
    next->clear();
    if (!step->Apply(text, *next)) continue;
    text = *next;
    next = next == &buffers.a ? &buffers.b : &buffers.a;
  }
  return text;
}

namespace {

class ReplaceStep final : public NormalizerStep {
 public:
  ReplaceStep(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  bool Apply(std::string_view text, std::string& out) const override {
    size_t found = from_.empty() ? std::string_view::npos : text.find(from_);
    if (found == std::string_view::npos) return false;
    while (found != std::string_view::npos) {
      out.append(text.substr(0, found)).append(to_);
      text.remove_prefix(found + from_.size());
      found = text.find(from_);
    }
    out.append(text);
    return true;
  }

 private:
  std::string from_, to_;
};

}  // namespace

std::unique_ptr<const NormalizerStep> MakeReplaceStep(std::string from, std::string to) {
  return std::make_unique<ReplaceStep>(std::move(from), std::move(to));
}

}  // namespace sheepop
