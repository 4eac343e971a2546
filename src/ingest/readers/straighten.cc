#include "ingest/readers/straighten.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace sheepop {
namespace {

constexpr size_t kWords = 4;  // of a line that tells a slope
constexpr size_t kLines = 5;  // that agree

}  // namespace

double Slope(const LayoutPage& page) {
  std::vector<double> slopes;
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) {
      if (line.words.size() < kWords) continue;
      const LayoutBox &first = line.words.front().box, &last = line.words.back().box;
      const double across = (last.x0 + last.x1 - first.x0 - first.x1) / 2;
      if (across > 4 * std::max(first.height(), last.height())) {
        slopes.push_back((last.y0 + last.y1 - first.y0 - first.y1) / 2 / across);
      }
    }
  }
  if (slopes.size() < kLines) return 0;
  const auto middle = slopes.begin() + static_cast<ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  return *middle;
}

std::string Straightened(const GrayImage& image, double slope) {
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  const double cosine = 1 / std::sqrt(1 + slope * slope), sine = slope * cosine;
  const auto at = [&](ptrdiff_t x, ptrdiff_t y) -> double {
    if (x < 0 || y < 0 || x >= static_cast<ptrdiff_t>(image.width) || y >= static_cast<ptrdiff_t>(image.height))
      return 255;
    return static_cast<unsigned char>(image.pixels[static_cast<size_t>(y) * image.width + static_cast<size_t>(x)]);
  };
  std::string pgm = fmt::format("P5\n{} {}\n255\n", image.width, image.height);
  pgm.reserve(pgm.size() + image.pixels.size());
  for (size_t row = 0; row < image.height; ++row) {
    for (size_t column = 0; column < image.width; ++column) {
      const double dx = static_cast<double>(column) - width / 2, dy = static_cast<double>(row) - height / 2;
      const double x = width / 2 + dx * cosine - dy * sine, y = height / 2 + dx * sine + dy * cosine;
      const double left = std::floor(x), top = std::floor(y), right = x - left, down = y - top;
      const auto i = static_cast<ptrdiff_t>(left), j = static_cast<ptrdiff_t>(top);
      const double shade = (1 - down) * ((1 - right) * at(i, j) + right * at(i + 1, j)) +
                           down * ((1 - right) * at(i, j + 1) + right * at(i + 1, j + 1));
      pgm.push_back(static_cast<char>(static_cast<unsigned char>(shade + 0.5)));
    }
  }
  return pgm;
}

}  // namespace sheepop
