#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "train/curve.h"

namespace sheepop {
namespace {

TEST(LossPlot, TheSmoothedLineLiesWithinTheLossesAroundIt) {
  Curve curve;
  for (int i = 1; i <= 400; ++i) {
    const double noise = i % 2 == 0 ? 0.1 : -0.1;
    curve.steps.push_back({i, 1 + 5 * std::exp(-i / 25.0) + noise, 1e-3, 1, 100, 1, i == 50});
  }
  curve.steps[100].loss = NAN;
  const Plot plot = DrawLoss(curve, "mine");
  const auto line = [&](const char* color) {
    return std::ranges::find_if(plot.lines, [&](const PlotLine& one) { return one.color == color; })->points;
  };
  const std::vector<PlotPoint> losses = line("#9ecae1"), smooth = line("#2171b5");
  ASSERT_GT(smooth.size(), 300u);
  const double around = plot.width / 40;
  for (const PlotPoint& point : smooth) {
    double low = 1e9, high = -1e9;
    for (const PlotPoint& loss : losses) {
      if (std::abs(loss.x - point.x) > around) continue;
      low = std::min(low, loss.y);
      high = std::max(high, loss.y);
    }
    EXPECT_GE(point.y, low) << point.x;
    EXPECT_LE(point.y, high) << point.x;
  }
}

}  // namespace
}  // namespace sheepop
