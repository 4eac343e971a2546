// Text of an image, by Tesseract.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ingest/readers/layout.h"
#include "ingest/readers/page_text.h"
#include "ingest/readers/reader.h"

namespace sheepop {

struct OcrResult {
  std::vector<LayoutPage> layouts;  // pixels; in Tesseract's order
  std::vector<RenderedPage> pages;  // of the layouts: one, or as many as a TIFF file holds
  double confidence = 0;            // mean over words, 0 to 100
  size_t words = 0;
  std::string languages;  // Tesseract's names
};

// Throws Error as Converters::Run does.
OcrResult RecogniseText(const std::filesystem::path& image, const ReadContext& context);

// What Tesseract's "tsv" output says; any bytes.
OcrResult ParseTesseractTsv(std::string_view tsv);

}  // namespace sheepop
