#include "data/training_plan.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace sheepop {
namespace {

TEST(TrainingPlan, SizesThatTheCorpusFeeds) {
  const auto plan = PlanTraining(100'000'000, 1e11);
  std::vector<uint64_t> sizes;
  for (const TrainingChoice& choice : plan) sizes.push_back(choice.parameters);
  EXPECT_EQ(sizes, (std::vector<uint64_t>{1'000'000, 3'000'000, 10'000'000, 20'000'000}));
  EXPECT_DOUBLE_EQ(plan.back().epochs, 4.0);
  EXPECT_NEAR(plan[0].hours, 6e6 * 20e6 / 1e11 / 3600, 1e-9);
  EXPECT_EQ(PlanTraining(3'712'447, 1e11).back().parameters, 740'000u);
  EXPECT_EQ(PlanTraining(1000, 1e11).size(), 1u);
  EXPECT_EQ(PlanTraining(0, 1e11).size(), 1u);
}

}  // namespace
}  // namespace sheepop
