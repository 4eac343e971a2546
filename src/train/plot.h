// A picture of lines and words, described once and written as SVG and as PNG.
#pragma once

#include <string>
#include <vector>

namespace sheepop {

struct PlotPoint {
  double x, y;  // pixels from the upper left corner
};

struct PlotLine {
  std::vector<PlotPoint> points;
  std::string color;  // "#rrggbb"
  double width = 1;
  bool dashed = false;
};

enum class PlotAnchor { kStart, kMiddle, kEnd };

struct PlotText {
  PlotPoint at;  // of the baseline
  std::string text;
  PlotAnchor anchor = PlotAnchor::kStart;
  std::string color = "#000000";
  double size = 12;
};

struct Plot {
  double width, height;
  std::vector<PlotLine> lines;
  std::vector<PlotText> texts;

  std::string Svg() const;
  std::string Png() const;  // drawn by cairo; the bytes of the file. Throws kLimit without memory for it
};

}  // namespace sheepop
