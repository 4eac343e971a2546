#include "tokenize/sentencepiece.h"

#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop {

std::optional<uint8_t> ByteOfName(std::string_view name) {
  if (name.size() != 6 || !name.starts_with("<0x") || name[5] != '>') return std::nullopt;
  int value = 0;
  for (const char c : name.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + digit;
  }
  return static_cast<uint8_t>(value);
}

std::string WithSpaces(std::string_view name) {
  std::string piece;
  for (size_t at = name.find(kSpaceSymbol); at != std::string_view::npos; at = name.find(kSpaceSymbol)) {
    piece.append(name.substr(0, at)).push_back(' ');
    name.remove_prefix(at + kSpaceSymbol.size());
  }
  return piece.append(name);
}

namespace {

class CharsMapStep final : public NormalizerStep {
 public:
  explicit CharsMapStep(std::string_view map) {
    uint32_t trie_bytes = 0;
    if (map.size() >= 4) std::memcpy(&trie_bytes, map.data(), 4);
    if (map.size() < 4 || trie_bytes % 4 != 0 || trie_bytes == 0 || trie_bytes > map.size() - 4) {
      throw Error(ErrorCategory::kCorrupt,
                  "the precompiled charsmap has {} bytes and says that {} of them are its trie", map.size(),
                  trie_bytes);
    }
    units_.resize(trie_bytes / 4);
    std::memcpy(units_.data(), map.data() + 4, trie_bytes);
    replacements_ = map.substr(4 + trie_bytes);
  }

  bool Apply(std::string_view text, std::string& out) const override {
    while (!text.empty()) {
      const Match match = LongestPrefix(text);
      if (match.length > 0) {
        out += Replacement(match.value);
        text.remove_prefix(match.length);
      } else {
        const uint32_t length = DecodeUtf8(text).length;
        out += text.substr(0, length);
        text.remove_prefix(length);
      }
    }
    return true;
  }

 private:
  struct Match {
    size_t length = 0;
    uint32_t value = 0;
  };

  // The layout of a unit: bits 0-7 label and bit 31 for nodes, bit 8 "a value follows", bit 9 and bits 10-30 the offset;
  // value units have bit 31 set.
  uint32_t Unit(size_t index) const { return index < units_.size() ? units_[index] : 0; }
  static uint32_t Offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

  Match LongestPrefix(std::string_view text) const {
    Match match;
    size_t node = Offset(Unit(0));
    for (size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<uint8_t>(text[i]);
      // A key never holds NUL, its label marks values.
      if (byte == 0) break;
      node ^= byte;
      const uint32_t unit = Unit(node);
      if ((unit & (1u << 31 | 0xFF)) != byte) break;
      node ^= Offset(unit);
      if (unit >> 8 & 1) match = {i + 1, Unit(node) & ~(1u << 31)};
    }
    return match;
  }

  std::string_view Replacement(uint32_t at) const {
    if (at >= replacements_.size()) return {};
    const std::string_view rest = std::string_view(replacements_).substr(at);
    return rest.substr(0, rest.find('\0'));
  }

  std::vector<uint32_t> units_;
  std::string replacements_;
};

class CollapseSpacesStep final : public NormalizerStep {
 public:
  bool Apply(std::string_view text, std::string& out) const override {
    bool pending = false;
    for (const char c : text) {
      if (c == ' ') {
        pending = true;
        continue;
      }
      if (pending && !out.empty()) out += ' ';
      pending = false;
      out += c;
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<const NormalizerStep> MakeCharsMapStep(std::string_view map) {
  return std::make_unique<CharsMapStep>(map);
}

std::unique_ptr<const NormalizerStep> MakeCollapseSpacesStep() { return std::make_unique<CollapseSpacesStep>(); }

}  // namespace sheepop
