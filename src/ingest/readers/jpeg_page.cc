#include "ingest/readers/jpeg_page.h"

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <utility>

namespace sheepop {
namespace {

uint32_t Big(std::string_view bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

uint32_t Number(std::string_view bytes, size_t at, size_t size, bool little) {
  if (!little) return Big(bytes, at, size);
  uint32_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// The orientation tag of the first directory of a TIFF structure, as EXIF embeds it.
int ExifOrientation(std::string_view tiff) {
  if (tiff.size() < 8) return 1;
  const bool little = tiff.starts_with("II");
  const size_t directory = Number(tiff, 4, 4, little);
  if (directory > tiff.size() - 2) return 1;
  const size_t entries = Number(tiff, directory, 2, little);
  for (size_t i = 0; i < entries; ++i) {
    const size_t at = directory + 2 + 12 * i;
    if (at + 12 > tiff.size()) return 1;
    if (Number(tiff, at, 2, little) != 0x0112) continue;
    const uint32_t value = Number(tiff, at + 8, 2, little);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

// The matrix that maps the unit square of an image to a page of `width` by `height` points (after turning), for each
// orientation: a b c d e f of "cm", the last two as factors of the page.
struct Turn {
  int a, b, c, d, e, f;
};
constexpr std::array<Turn, 8> kTurns = {{{1, 0, 0, 1, 0, 0},
                                         {-1, 0, 0, 1, 1, 0},
                                         {-1, 0, 0, -1, 1, 1},
                                         {1, 0, 0, -1, 0, 1},
                                         {0, -1, -1, 0, 1, 1},
                                         {0, -1, 1, 0, 0, 1},
                                         {0, 1, 1, 0, 0, 0},
                                         {0, 1, -1, 0, 1, 0}}};

}  // namespace

std::optional<JpegInfo> ReadJpegInfo(std::string_view jpeg) {
  JpegInfo info;
  size_t at = 2;
  while (at + 4 <= jpeg.size()) {
    if (static_cast<unsigned char>(jpeg[at]) != 0xFF) return std::nullopt;
    const auto marker = static_cast<unsigned char>(jpeg[at + 1]);
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    const size_t length = Big(jpeg, at + 2, 2);
    if (length < 2 || at + 2 + length > jpeg.size()) return std::nullopt;
    const std::string_view segment = jpeg.substr(at + 4, length - 2);
    if (marker == 0xE1 && segment.starts_with(std::string_view("Exif\0\0", 6))) {
      info.orientation = ExifOrientation(segment.substr(6));
    }
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      if (segment.size() < 6) return std::nullopt;
      info.height = static_cast<int>(Big(segment, 1, 2));
      info.width = static_cast<int>(Big(segment, 3, 2));
      info.components = static_cast<unsigned char>(segment[5]);
      const bool known = info.components == 1 || info.components == 3 || info.components == 4;
      return info.width > 0 && info.height > 0 && known ? std::optional(info) : std::nullopt;
    }
    at += 2 + length;
  }
  return std::nullopt;
}

std::string JpegAsPdf(std::string_view jpeg, const JpegInfo& info) {
  const Turn& turn = kTurns[static_cast<size_t>(info.orientation - 1)];
  int width = info.width, height = info.height;
  if (info.orientation >= 5) std::swap(width, height);
  const std::string content = fmt::format("q {} {} {} {} {} {} cm /Im Do Q", turn.a * width, turn.b * height,
                                          turn.c * width, turn.d * height, turn.e * width, turn.f * height);
  const char* color = info.components == 1 ? "/DeviceGray" : info.components == 3 ? "/DeviceRGB" : "/DeviceCMYK";
  const char* decode = info.components == 4 ? " /Decode [1 0 1 0 1 0 1 0]" : "";
  std::string pdf = "%PDF-1.4\n";
  std::array<size_t, 5> offsets{};
  const auto add = [&](size_t number, const std::string& body) {
    offsets[number - 1] = pdf.size();
    pdf += fmt::format("{} 0 obj\n{}\nendobj\n", number, body);
  };
  add(1, "<< /Type /Catalog /Pages 2 0 R >>");
  add(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
  add(3, fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents 4 0 R /Resources << /XObject << /Im "
                     "5 0 R >> >> >>",
                     width, height));
  add(4, fmt::format("<< /Length {} >>\nstream\n{}\nendstream", content.size(), content));
  offsets[4] = pdf.size();
  pdf += fmt::format(
      "5 0 obj\n<< /Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace {} /BitsPerComponent 8{} "
      "/Filter /DCTDecode /Length {} >>\nstream\n",
      info.width, info.height, color, decode, jpeg.size());
  pdf += jpeg;
  pdf += "\nendstream\nendobj\n";
  const size_t table = pdf.size();
  pdf += "xref\n0 6\n0000000000 65535 f \n";
  for (const size_t offset : offsets) pdf += fmt::format("{:010} 00000 n \n", offset);
  pdf += fmt::format("trailer << /Root 1 0 R /Size 6 >>\nstartxref\n{}\n%%EOF\n", table);
  return pdf;
}

}  // namespace sheepop
