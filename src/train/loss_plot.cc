#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "train/curve.h"

namespace sheepop {
namespace {

constexpr double kWidth = 800, kHeight = 450, kLeft = 60, kRight = 20, kTop = 40, kBottom = 45;

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

Axes AxesOf(const Curve& curve) {
  Axes axes{{0, 1}, {1e300, -1e300}};
  const auto see = [&](double step, double loss) {
    axes.steps.high = std::max(axes.steps.high, step);
    if (!std::isfinite(loss)) return;
    axes.losses.low = std::min(axes.losses.low, loss);
    axes.losses.high = std::max(axes.losses.high, loss);
  };
  for (const StepRecord& r : curve.steps) see(static_cast<double>(r.step), r.loss);
  for (const Measurement& m : curve.measurements) see(static_cast<double>(m.step), m.loss);
  if (axes.losses.low > axes.losses.high) axes.losses = {0, 1};
  const double margin = std::max(1e-3, (axes.losses.high - axes.losses.low) * 0.05);
  axes.losses = {axes.losses.low - margin, axes.losses.high + margin};
  return axes;
}

struct Point {
  double step, loss;
};

// At most about two points a pixel: the mean of each group of neighbours.
std::string Line(const Axes& axes, const std::vector<Point>& points, const char* style) {
  const size_t group = std::max<size_t>(1, points.size() / 1500);
  std::string path;
  for (size_t i = 0; i < points.size(); i += group) {
    double step = 0, loss = 0, count = 0;
    for (size_t j = i; j < std::min(points.size(), i + group); ++j) {
      if (!std::isfinite(points[j].loss)) continue;
      step += points[j].step;
      loss += points[j].loss;
      ++count;
    }
    if (count == 0) continue;
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " L", axes.X(step / count), axes.Y(loss / count));
  }
  return path.empty() ? "" : fmt::format("<path d=\"{}\" fill=\"none\" {}/>\n", path, style);
}

std::string Escape(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

std::string Grid(const Axes& axes) {
  std::string svg;
  const double bottom = kHeight - kBottom;
  const double y_mark = MarkDistance(axes.losses), x_mark = MarkDistance(axes.steps);
  for (double y = std::ceil(axes.losses.low / y_mark) * y_mark; y <= axes.losses.high; y += y_mark) {
    svg += fmt::format(
        "<path d=\"M{} {:.1f} H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>\n",
        kLeft, axes.Y(y), kWidth - kRight, kLeft - 6, axes.Y(y) + 4, y);
  }
  for (double x = 0; x <= axes.steps.high; x += x_mark) {
    svg += fmt::format(
        "<path d=\"M{:.1f} {} v4\" stroke=\"#333\"/><text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.6g}</text>\n",
        axes.X(x), bottom, axes.X(x), bottom + 18, x);
  }
  return svg + fmt::format("<path d=\"M{0} {1} V{2} H{3}\" fill=\"none\" stroke=\"#333\"/>\n", kLeft, kTop, bottom,
                           kWidth - kRight);
}

}  // namespace

std::string DrawLoss(const Curve& curve, const std::string& title) {
  const Axes axes = AxesOf(curve);
  std::vector<Point> steps, smooth, held_out;
  for (const StepRecord& r : curve.steps) {
    steps.push_back({static_cast<double>(r.step), r.loss});
    const double before = smooth.empty() ? r.loss : smooth.back().loss;
    smooth.push_back({static_cast<double>(r.step), std::isfinite(r.loss) ? before + 0.05 * (r.loss - before) : before});
  }
  for (const Measurement& m : curve.measurements) held_out.push_back({static_cast<double>(m.step), m.loss});
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"24\" font-size=\"15\">{3}</text>\n",
      kWidth, kHeight, kLeft, Escape(title));
  svg += Grid(axes);
  svg += Line(axes, steps, "stroke=\"#9ecae1\"");
  svg += Line(axes, smooth, "stroke=\"#2171b5\" stroke-width=\"2\"");
  svg += Line(axes, held_out, "stroke=\"#d94801\" stroke-width=\"2\"");
  svg += fmt::format(
      "<text x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">step</text>\n<text x=\"{2}\" y=\"24\" "
      "text-anchor=\"end\"><tspan "
      "fill=\"#2171b5\">training</tspan> and <tspan fill=\"#d94801\">held-out</tspan> loss, nats a "
      "token</text>\n</svg>\n",
      (kLeft + kWidth - kRight) / 2, kHeight - 8, kWidth - kRight);
  return svg;
}

}  // namespace sheepop
