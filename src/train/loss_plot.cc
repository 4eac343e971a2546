
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "train/curve.h"

namespace sheepop {
namespace {

constexpr double kWidth = 800, kHeight = 450, kLeft = 60, kRight = 20, kTop = 40, kBottom = 45;
constexpr const char* kStepColor = "#9ecae1";
constexpr const char* kTrainingColor = "#2171b5";
constexpr const char* kHeldOutColor = "#d94801";
constexpr const char* kBesideColors[] = {"#238b45", "#6a51a3", "#636363"};

struct Range {
  double low, high;
  double Share(double value) const { return (value - low) / (high - low); }
};

struct Axes {
  Range steps, losses;
  double X(double step) const { return kLeft + steps.Share(step) * (kWidth - kLeft - kRight); }
  double Y(double loss) const {
    return kTop + (1 - losses.Share(std::clamp(loss, losses.low, losses.high))) * (kHeight - kTop - kBottom);
  }
};

// About five marks at 1, 2 or 5 times a power of ten.
double MarkDistance(const Range& range) {
  const double rough = (range.high - range.low) / 5, power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

Axes AxesOf(const Curve& curve, std::span<const NamedCurve> beside) {
  Axes axes{{0, 1}, {1e300, -1e300}};
  const auto see = [&](int64_t step, double loss) {
    axes.steps.high = std::max(axes.steps.high, static_cast<double>(step));
    if (!std::isfinite(loss)) return;
    axes.losses.low = std::min(axes.losses.low, loss);
    axes.losses.high = std::max(axes.losses.high, loss);
  };
  for (const StepRecord& r : curve.steps) see(r.step, r.loss);
  for (const Measurement& m : curve.measurements) see(m.step, m.loss);
  for (const NamedCurve& other : beside) {
    for (const Measurement& m : other.curve.measurements) see(m.step, m.loss);
  }
  if (axes.losses.low > axes.losses.high) axes.losses = {0, 1};
  const double margin = std::max(1e-3, (axes.losses.high - axes.losses.low) * 0.05);
  axes.losses = {axes.losses.low - margin, axes.losses.high + margin};
  return axes;
}

struct Value {
  double step, loss;
};

// At most about two points a pixel: the mean of each group of neighbours.
std::vector<PlotPoint> Thinned(const Axes& axes, const std::vector<Value>& values) {
  const size_t group = std::max<size_t>(1, values.size() / 1500);
  std::vector<PlotPoint> points;
  for (size_t i = 0; i < values.size(); i += group) {
    double step = 0, loss = 0, count = 0;
    for (size_t j = i; j < std::min(values.size(), i + group); ++j) {
      if (!std::isfinite(values[j].loss)) continue;
      step += values[j].step;
      loss += values[j].loss;
      ++count;
    }
    if (count > 0) points.push_back({axes.X(step / count), axes.Y(loss / count)});
  }
  return points;
}

// The mean over as many steps before each as behind it, a fortieth of the run at most: a mean of the past alone lies above a
// loss that falls.
std::vector<Value> Smoothed(const std::vector<Value>& values) {
  std::vector<double> sums = {0}, counts = {0};
  for (const Value& value : values) {
    const bool finite = std::isfinite(value.loss);
    sums.push_back(sums.back() + (finite ? value.loss : 0));
    counts.push_back(counts.back() + (finite ? 1 : 0));
  }
  std::vector<Value> smooth;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t reach = std::min({i, values.size() - 1 - i, values.size() / 40});
    const size_t begin = i - reach, end = i + reach + 1;
    const double count = counts[end] - counts[begin];
    if (count > 0) smooth.push_back({values[i].step, (sums[end] - sums[begin]) / count});
  }
  return smooth;
}

std::vector<PlotPoint> HeldOut(const Axes& axes, const Curve& curve) {
  std::vector<Value> values;
  for (const Measurement& m : curve.measurements) values.push_back({static_cast<double>(m.step), m.loss});
  return Thinned(axes, values);
}

void AddGrid(const Axes& axes, Plot& plot) {
  const double bottom = kHeight - kBottom, right = kWidth - kRight;
  const double y_mark = MarkDistance(axes.losses), x_mark = MarkDistance(axes.steps);
  for (double y = std::ceil(axes.losses.low / y_mark) * y_mark; y <= axes.losses.high; y += y_mark) {
    plot.lines.push_back({{{kLeft, axes.Y(y)}, {right, axes.Y(y)}}, "#dddddd"});
    plot.texts.push_back({{kLeft - 6, axes.Y(y) + 4}, fmt::format("{:.4g}", y), PlotAnchor::kEnd});
  }
  for (double x = 0; x <= axes.steps.high; x += x_mark) {
    plot.lines.push_back({{{axes.X(x), bottom}, {axes.X(x), bottom + 4}}, "#333333"});
    plot.texts.push_back({{axes.X(x), bottom + 18}, fmt::format("{:.6g}", x), PlotAnchor::kMiddle});
  }
  plot.lines.push_back({{{kLeft, kTop}, {kLeft, bottom}, {right, bottom}}, "#333333"});
  plot.texts.push_back({{(kLeft + right) / 2, kHeight - 8}, "step", PlotAnchor::kMiddle});
  plot.texts.push_back({{kLeft - 6, kTop - 10}, "nats a token", PlotAnchor::kStart});
}

// The names of the lines, below each other in the upper right corner.
void AddLegend(Plot& plot, const std::vector<std::pair<std::string, std::string>>& names_and_colors) {
  double y = kTop + 14;
  for (const auto& [name, color] : names_and_colors) {
    plot.texts.push_back({{kWidth - kRight - 6, y}, name, PlotAnchor::kEnd, color, 13});
    y += 17;
  }
}

}  // namespace

Plot DrawLoss(const Curve& curve, const std::string& title, std::span<const NamedCurve> beside) {
  const Axes axes = AxesOf(curve, beside);
  std::vector<Value> steps;
  for (const StepRecord& r : curve.steps) steps.push_back({static_cast<double>(r.step), r.loss});
  Plot plot{kWidth, kHeight, {}, {}};
  plot.texts.push_back({{kLeft + 80, 24}, title, PlotAnchor::kStart, "#000000", 15});
  AddGrid(axes, plot);
  plot.lines.push_back({Thinned(axes, steps), kStepColor});
  plot.lines.push_back({Thinned(axes, Smoothed(steps)), kTrainingColor, 2});
  std::vector<std::pair<std::string, std::string>> legend = {{"training loss", kTrainingColor}};
  if (!curve.measurements.empty()) legend.emplace_back("held-out loss", kHeldOutColor);
  for (size_t i = 0; i < beside.size(); ++i) {
    const char* color = kBesideColors[i % std::size(kBesideColors)];
    plot.lines.push_back({HeldOut(axes, beside[i].curve), color, 2, true});
    legend.emplace_back(fmt::format("held-out loss of {}", beside[i].name), color);
  }
  plot.lines.push_back({HeldOut(axes, curve), kHeldOutColor, 2});
  AddLegend(plot, legend);
  return plot;
}

}  // namespace sheepop
