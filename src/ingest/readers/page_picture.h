// What a small picture of a page shows beside its text layer, and the words of an OCR of the page put into the layer.
#pragma once

#include <string_view>
#include <vector>

#include "ingest/readers/layout.h"

namespace sheepop {

struct GrayImage {
  size_t width = 0, height = 0;
  std::string_view pixels;  // width * height, row after row; 0 is black
};

// Binary PGM images one after the other, as pdftoppm writes them to stdout; views of `pgm`. Any bytes; a broken image ends it.
std::vector<GrayImage> SplitPgm(std::string_view pgm);

// True for a picture of one shade.
bool IsBlank(const GrayImage& image);

// The share of the page, 0 to 1, where the picture of the whole page shows something and the layer has no line.
double UncoveredInk(const GrayImage& image, const LayoutPage& layer);

// True when most of the longer words of `a` stand in `b` too.
bool SharesWords(std::string_view a, std::string_view b);

struct AddedWords {
  size_t words = 0;
  double confidence = 0;  // mean, 0 to 100
};

// Adds to `layer` the lines of `ocr` that it does not cover, as blocks of their own; `scale` takes places of `ocr` to those
// of `layer`. Nothing is added when the lines are few letters or nonsense, as of a photograph, or when most of their words
// stand in the layer already, as where it lies beside what it says.
AddedWords AddUncovered(LayoutPage& layer, const LayoutPage& ocr, float scale);

}  // namespace sheepop
