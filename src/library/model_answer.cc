#include "library/model_answer.h"

#include <limits>

#include "library/translated.h"

namespace sheepop {

ModelAnswer::ModelAnswer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ModelAnswer::ModelAnswer(ModelAnswer&&) noexcept = default;
ModelAnswer& ModelAnswer::operator=(ModelAnswer&&) noexcept = default;
ModelAnswer::~ModelAnswer() = default;

ModelAnswer::State ModelAnswer::Next(AnswerPiece& piece, double seconds) {
  return Translated([&] { return parts_->heard->Next(piece, seconds); });
}

bool ModelAnswer::Next(AnswerPiece& piece) {
  State state = State::kWaiting;
  while (state == State::kWaiting) state = Next(piece, std::numeric_limits<double>::infinity());
  return state == State::kPiece;
}

bool ModelAnswer::Ended(double seconds) const { return parts_->heard->Ended(seconds); }

std::string ModelAnswer::Whole() const {
  return Translated([&] { return parts_->heard->Whole(); });
}

void ModelAnswer::Cancel() { parts_->run->Cancel(); }

int ModelAnswer::ready() const {
  return Translated([&] { return parts_->heard->ready(); });
}

}  // namespace sheepop
