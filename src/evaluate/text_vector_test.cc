#include "evaluate/text_vector.h"

#include <gtest/gtest.h>

#include <array>

namespace sheepop {
namespace {

TEST(TextVector, TheMeanOrTheLastBroughtToLengthOne) {
  TextVector mean(Pooling::kMean, 2), last(Pooling::kLast, 2), nothing(Pooling::kMean, 2);
  const std::array<float, 2> first{6, 0}, second{0, 8}, zeros{0, 0};
  for (TextVector* vector : {&mean, &last}) {
    vector->Add(0, first);
    vector->Add(1, second);
  }
  nothing.Add(0, zeros);
  EXPECT_EQ(mean.OfLengthOne(), (std::vector<float>{0.6F, 0.8F}));
  EXPECT_EQ(last.OfLengthOne(), (std::vector<float>{0, 1}));
  EXPECT_EQ(nothing.OfLengthOne(), (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace sheepop
