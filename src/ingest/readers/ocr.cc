#include "ingest/readers/ocr.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/language.h"
#include "ingest/readers/page_picture.h"
#include "ingest/readers/straighten.h"

namespace sheepop {
namespace {

constexpr uint64_t kTsvBytes = 32 << 20;
constexpr uint64_t kPictureBytes = 256 << 20;
constexpr double kLeastSlope = 0.01;  // Tesseract finds columns on pages that lean less
constexpr double kMostSlope = 0.3;

OcrResult Recognise(const std::filesystem::path& image, const std::string& languages, const ReadContext& context) {
  // Page mode 1 finds the columns and turns pages that lie on their side; 3 is the same without the turning.
  const char* mode = context.converters.has_orientation() ? "1" : "3";
  OcrResult result = ParseTesseractTsv(
      context.converters.Run({"tesseract", image.string(), "-", "-l", languages, "--psm", mode, "tsv"}, kTsvBytes));
  result.languages = languages;
  return result;
}

bool Installed(std::string_view language, const ReadContext& context) {
  const auto& all = context.converters.ocr_languages();
  return std::find(all.begin(), all.end(), language) != all.end();
}

std::string AllLanguages(const ReadContext& context) {
  std::string all;
  size_t count = 0;
  for (const std::string& language : context.converters.ocr_languages()) {
    if (++count > 6) break;
    all += (all.empty() ? "" : "+") + language;
  }
  return all;
}

}  // namespace

OcrResult ParseTesseractTsv(std::string_view tsv) {
  OcrResult result;
  std::vector<LayoutPage> pages;
  double sum = 0;
  while (!tsv.empty()) {
    const size_t end = std::min(tsv.find('\n'), tsv.size());
    std::string_view row = tsv.substr(0, end);
    tsv.remove_prefix(std::min(end + 1, tsv.size()));
    std::array<double, 11> fields{};  // level page block paragraph line word left top width height confidence
    size_t read = 0;
    for (; read < fields.size(); ++read) {
      const size_t tab = row.find('\t');
      if (tab == std::string_view::npos) break;
      fields[read] = std::strtod(std::string(row.substr(0, std::min<size_t>(tab, 32))).c_str(), nullptr);
      row.remove_prefix(tab + 1);
    }
    if (read < fields.size()) continue;
    const LayoutBox box{static_cast<float>(fields[6]), static_cast<float>(fields[7]),
                        static_cast<float>(fields[6] + fields[8]), static_cast<float>(fields[7] + fields[9])};
    const int level = static_cast<int>(std::clamp(fields[0], 0.0, 9.0));
    if (level == 1) pages.push_back({box.width(), box.height(), {}});
    if (pages.empty()) continue;
    auto& blocks = pages.back().blocks;
    // A paragraph of Tesseract's is a block here: its border is known, and need not be guessed from the geometry.
    if (level == 3) blocks.push_back({box, {}});
    if (level == 4 && !blocks.empty()) blocks.back().lines.push_back({box, {}});
    if (level != 5 || blocks.empty() || blocks.back().lines.empty()) continue;
    std::string text = ToValidUtf8(row);
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
    if (text.empty()) continue;
    const double confidence = std::isfinite(fields[10]) ? std::clamp(fields[10], 0.0, 100.0) : 0.0;
    blocks.back().lines.back().words.push_back({box, std::move(text), confidence});
    sum += confidence;
    ++result.words;
  }
  for (LayoutPage& page : pages) {
    for (LayoutBlock& block : page.blocks) {
      std::erase_if(block.lines, [](const LayoutLine& line) { return line.words.empty(); });
    }
    std::erase_if(page.blocks, [](const LayoutBlock& block) { return block.lines.empty(); });
    result.pages.push_back(RenderPage(page));
  }
  result.layouts = std::move(pages);
  result.confidence = result.words > 0 ? sum / static_cast<double>(result.words) : 0;
  return result;
}

namespace {

OcrResult RecogniseLevel(const std::filesystem::path& image, const ReadContext& context) {
  if (context.options.ocr_languages != "auto") return Recognise(image, context.options.ocr_languages, context);
  const auto& installed = context.converters.ocr_languages();
  if (installed.empty()) {
    // Tesseract itself, or its data, is missing; running it says which.
    return Recognise(image, "eng", context);
  }
  const std::string first = Installed("eng", context) ? "eng" : installed.front();
  OcrResult best = Recognise(image, first, context);
  std::string text;
  for (const RenderedPage& page : best.pages) text += page.text + "\n";
  const LanguageGuess guess = GuessLanguage(text);
  std::string second;
  if (!guess.language.empty() && TesseractLanguage(guess.language) != first) {
    second = TesseractLanguage(guess.language);
    if (!Installed(second, context)) second.clear();
  } else if (guess.language.empty() && best.words > 0 && best.confidence < 60 && installed.size() > 1) {
    second = AllLanguages(context);
  }
  if (second.empty()) return best;
  OcrResult other = Recognise(image, second, context);
  return other.confidence + 1 >= best.confidence ? other : best;
}

double Sureness(const OcrResult& result) { return result.confidence * static_cast<double>(result.words); }

}  // namespace

OcrResult RecogniseText(const std::filesystem::path& image, const ReadContext& context) {
  OcrResult result = RecogniseLevel(image, context);
  if (image.extension() != ".pgm" || result.layouts.size() != 1) return result;
  const double slope = Slope(result.layouts.front());
  if (std::abs(slope) < kLeastSlope || std::abs(slope) > kMostSlope) return result;
  const std::string bytes = Blob::OfFile(image).ReadAll(kPictureBytes);
  const std::vector<GrayImage> images = SplitPgm(bytes);
  if (images.size() != 1) return result;
  const std::filesystem::path level = image.parent_path() / "level.pgm";
  std::ofstream(level, std::ios::binary) << Straightened(images.front(), slope);
  OcrResult straight = Recognise(level, result.languages, context);
  return Sureness(straight) > Sureness(result) ? straight : result;
}

}  // namespace sheepop
