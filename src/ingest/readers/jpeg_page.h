// A JPEG whose camera lay on its side says so in its EXIF part, which Tesseract does not look at. Wrapped in a PDF page
// that is turned, poppler gives the picture upright, and decodes the hostile bytes in its own process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sheepop {

struct JpegInfo {
  int width = 0, height = 0;
  int components = 0;   // 1, 3 or 4
  int orientation = 1;  // as EXIF 2.3 counts: 1 upright, 2 mirrored, 3 upside down, ... 8
};

// What the headers say; nothing when they are broken. Any bytes.
std::optional<JpegInfo> ReadJpegInfo(std::string_view jpeg);

// A PDF of one page, a point a pixel, that shows the picture upright.
std::string JpegAsPdf(std::string_view jpeg, const JpegInfo& info);

}  // namespace sheepop
