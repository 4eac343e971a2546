#include "train/plot.h"

#include <cairo.h>
#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr const char* kFont = "sans-serif";
constexpr double kDash = 5;

// Where no fonts are set up, as in a bare container, the one that cairo draws itself: to ask for another would only have
// fontconfig complain.
const char* FontOfPng() {
  const char* own = std::getenv("FONTCONFIG_FILE");
  return own || std::filesystem::exists("/etc/fonts/fonts.conf") ? kFont : "@cairo:";
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

const char* NameOf(PlotAnchor anchor) {
  return anchor == PlotAnchor::kStart ? "start" : anchor == PlotAnchor::kMiddle ? "middle" : "end";
}

void SetColor(cairo_t* cairo, const std::string& color) {
  const unsigned long rgb = std::strtoul(color.c_str() + 1, nullptr, 16);
  const auto part = [&](unsigned shift) { return static_cast<double>(rgb >> shift & 0xff) / 255; };
  cairo_set_source_rgb(cairo, part(16), part(8), part(0));
}

void Draw(cairo_t* cairo, const PlotLine& line) {
  SetColor(cairo, line.color);
  cairo_set_line_width(cairo, line.width);
  cairo_set_dash(cairo, &kDash, line.dashed ? 1 : 0, 0);
  for (const PlotPoint& point : line.points) cairo_line_to(cairo, point.x, point.y);
  cairo_stroke(cairo);
}

void Draw(cairo_t* cairo, const PlotText& text) {
  SetColor(cairo, text.color);
  cairo_set_font_size(cairo, text.size);
  cairo_text_extents_t extents;
  cairo_text_extents(cairo, text.text.c_str(), &extents);
  const double share = text.anchor == PlotAnchor::kStart ? 0 : text.anchor == PlotAnchor::kMiddle ? 0.5 : 1;
  cairo_move_to(cairo, text.at.x - share * extents.x_advance, text.at.y);
  cairo_show_text(cairo, text.text.c_str());
}

cairo_status_t Append(void* to, const unsigned char* bytes, unsigned count) {
  static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

std::string Plot::Svg() const {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"{2}\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      width, height, kFont);
  for (const PlotLine& line : lines) {
    std::string path;
    for (const PlotPoint& p : line.points) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", p.x, p.y);
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{}/>\n", path, line.color,
                       line.width, line.dashed ? fmt::format(" stroke-dasharray=\"{}\"", kDash) : "");
  }
  for (const PlotText& text : texts) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\" font-size=\"{}\">{}</text>\n",
                       text.at.x, text.at.y, NameOf(text.anchor), text.color, text.size, Escape(text.text));
  }
  return svg + "</svg>\n";
}

std::string Plot::Png() const {
  const std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width), static_cast<int>(height)),
      cairo_surface_destroy);
  const std::unique_ptr<cairo_t, void (*)(cairo_t*)> cairo(cairo_create(surface.get()), cairo_destroy);
  SetColor(cairo.get(), "#ffffff");
  cairo_paint(cairo.get());
  cairo_select_font_face(cairo.get(), FontOfPng(), CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  for (const PlotLine& line : lines) Draw(cairo.get(), line);
  for (const PlotText& text : texts) Draw(cairo.get(), text);
  std::string png;
  const cairo_status_t drawn = cairo_status(cairo.get());
  const cairo_status_t status =
      drawn != CAIRO_STATUS_SUCCESS ? drawn : cairo_surface_write_to_png_stream(surface.get(), Append, &png);
  if (status != CAIRO_STATUS_SUCCESS) {
    throw Error(ErrorCategory::kLimit, "cannot draw a plot of {} x {} pixels: {}", width, height,
                cairo_status_to_string(status));
  }
  return png;
}

}  // namespace sheepop
