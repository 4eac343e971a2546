#include "ingest/compare/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <span>

#include "base/sha256.h"

namespace sheepop {
namespace {

constexpr size_t kMostHashes = kDocumentBands * kBandRows;

uint64_t Mix(uint64_t x) {  // the finaliser of SplitMix64
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// Odd multipliers, one for each hash function.
constexpr auto kMultipliers = [] {
  std::array<uint32_t, kMostHashes> multipliers{};
  uint32_t state = 0x9E3779B9u;
  for (uint32_t& multiplier : multipliers) {
    state = state * 1664525u + 1013904223u;
    multiplier = (state ^ (state >> 13)) | 1u;
  }
  return multipliers;
}();

struct HashedWord {
  uint64_t hash;
  uint32_t begin, end;  // bytes of the text
};

// The words of a text. Punctuation separates; a Chinese or Japanese character is a word of its own.
std::vector<HashedWord> HashedWords(std::string_view text) {
  std::vector<HashedWord> words;
  uint64_t hash = 0;
  size_t begin = 0, i = 0;
  const auto close = [&] {
    if (hash != 0) words.push_back({Mix(hash), static_cast<uint32_t>(begin), static_cast<uint32_t>(i)});
    hash = 0;
  };
  for (; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (hash == 0) begin = i;
    if (c < 0x80) {
      if (std::isalnum(c)) {
        hash = (hash ^ static_cast<unsigned char>(std::tolower(c))) * 0x100000001B3u + 1;
      } else {
        close();
      }
      continue;
    }
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (c == 0xE2 && (next == 0x80 || next == 0x81)) {  // U+2000 to U+207F: dashes, quotation marks
      close();
      i += 2;
      continue;
    }
    const bool wide = c >= 0xE3 && c <= 0xE9;
    if (wide) {
      close();
      begin = i;
    }
    hash = (hash ^ c) * 0x100000001B3u + 1;
    if (wide) {
      for (size_t k = 0; k < 2 && i + 1 < text.size(); ++k)
        hash = (hash ^ static_cast<unsigned char>(text[++i])) * 0x100000001B3u + 1;
      words.push_back({Mix(hash), static_cast<uint32_t>(begin), static_cast<uint32_t>(i + 1)});
      hash = 0;
    }
  }
  close();
  return words;
}

template <size_t Hashes>
void UpdateMinima(uint64_t shingle, std::array<uint32_t, Hashes>& minima) {
  const auto low = static_cast<uint32_t>(shingle), high = static_cast<uint32_t>(shingle >> 32);
  for (size_t i = 0; i < Hashes; ++i) {
    uint32_t value = (low ^ (high >> (i & 15))) * kMultipliers[i];
    value ^= value >> 15;
    value = value * 0x2C1B3C6Du + high;
    minima[i] = std::min(minima[i], value);
  }
}

uint64_t SequenceHash(std::span<const HashedWord> words) {
  uint64_t sequence = 0;
  for (const HashedWord& word : words) sequence = std::rotl(sequence, 7) * 0x9E3779B97F4A7C15u + word.hash;
  return Mix(sequence);
}

// False when the text has fewer words than one sequence.
template <size_t Bands>
bool MinHash(std::span<const HashedWord> words, size_t width, std::array<uint32_t, Bands>& bands) {
  if (words.size() < width) return false;
  std::array<uint32_t, Bands * kBandRows> minima;
  minima.fill(~uint32_t{0});
  for (size_t i = 0; i + width <= words.size(); ++i) {
    UpdateMinima(SequenceHash(words.subspan(i, width)), minima);
  }
  for (size_t b = 0; b < Bands; ++b) {
    uint64_t hash = b;
    for (size_t r = 0; r < kBandRows; ++r) hash = Mix(hash * 0x100000001B3u + minima[b * kBandRows + r]);
    bands[b] = static_cast<uint32_t>(hash);
  }
  return true;
}

std::vector<WordRun> SampledRuns(std::span<const HashedWord> words) {
  std::vector<WordRun> runs;
  for (size_t i = 0; i + kRunWords <= words.size(); ++i) {
    const std::span<const HashedWord> run = words.subspan(i, kRunWords);
    const uint64_t hash = SequenceHash(run);
    if (hash % kRunSample == 0) runs.push_back({hash, run.front().begin, run.back().end});
  }
  return runs;
}

bool IsBlankLine(std::string_view text, size_t begin, size_t end) {
  return std::all_of(text.begin() + static_cast<ptrdiff_t>(begin), text.begin() + static_cast<ptrdiff_t>(end),
                     [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

std::array<uint64_t, 2> ExactHash(std::string_view text) {
  const std::string hex = Sha256Hex(text);
  return {std::stoull(hex.substr(0, 16), nullptr, 16), std::stoull(hex.substr(16, 16), nullptr, 16)};
}

}  // namespace

std::vector<std::pair<size_t, size_t>> ParagraphSpans(std::string_view text) {
  std::vector<std::pair<size_t, size_t>> spans;
  bool open = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (IsBlankLine(text, at, end)) {
      open = false;
    } else if (open) {
      spans.back().second = end;
    } else {
      spans.emplace_back(at, end);
      open = true;
    }
    at = end + 1;
  }
  return spans;
}

Fingerprint FingerprintOf(const Document& document, uint32_t paragraph_characters) {
  Fingerprint print;
  print.exact = ExactHash(document.text);
  const std::vector<HashedWord> words = HashedWords(document.text);
  print.comparable = MinHash(std::span(words), kDocumentShingle, print.bands);
  if (IsCode(document)) return print;
  print.runs = SampledRuns(words);
  uint32_t index = 0;
  for (const auto& [begin, end] : ParagraphSpans(document.text)) {
    const std::string_view paragraph = std::string_view(document.text).substr(begin, end - begin);
    ParagraphPrint entry{index++, {}};
    const bool long_enough = end - begin >= paragraph_characters && CountCharacters(paragraph) >= paragraph_characters;
    if (long_enough && MinHash(std::span<const HashedWord>(HashedWords(paragraph)), kParagraphShingle, entry.bands))
      print.paragraphs.push_back(entry);
  }
  return print;
}

}  // namespace sheepop
