#include "ingest/readers/picture_check.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/philox.h"

namespace sheepop {
namespace {

constexpr size_t kPagesToOne = 20;
constexpr size_t kMostPages = 5;
constexpr double kSure = 80;  // of a word, 0 to 100

// Ligatures spelled out, letters composed: a picture does not tell how its characters were written down.
std::string Comparable(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  return size < 0 ? std::string(text) : std::string(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
}

std::string Words(const OcrResult& picture, double least) {
  std::string words;
  for (const LayoutPage& page : picture.layouts) {
    for (const LayoutBlock& block : page.blocks) {
      for (const LayoutLine& line : block.lines) {
        for (const LayoutWord& word : line.words) {
          if (word.confidence >= least) words += word.text + " ";
        }
      }
    }
  }
  return Comparable(words);
}

}  // namespace

std::vector<size_t> PagesToCheck(const std::vector<size_t>& eligible, size_t pages, std::string_view sha256) {
  const size_t wanted = std::min({(pages + kPagesToOne - 1) / kPagesToOne, kMostPages, eligible.size()});
  const uint64_t seed = std::strtoull(std::string(sha256.substr(0, 16)).c_str(), nullptr, 16);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < wanted; ++i) {
    const size_t begin = i * eligible.size() / wanted, end = (i + 1) * eligible.size() / wanted;
    chosen.push_back(eligible[begin + RandomBits(seed, 0, i, RandomLane::kDraw) % (end - begin)]);
  }
  return chosen;
}

PageFidelity ComparePicture(uint32_t page, std::string_view text, const OcrResult& picture) {
  const std::string layer = Comparable(text);
  PageFidelity result{page, picture.confidence, CompareWords(Words(picture, kSure), layer)};
  const Fidelity all = CompareWords(Words(picture, 0), layer);
  result.words.words = all.words;
  result.words.added = all.added;
  result.words.added_words = all.added_words;
  return result;
}

}  // namespace sheepop
