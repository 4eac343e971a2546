#include <utf8proc.h>

#include <array>
#include <cstdint>

#include "base/utf8.h"
#include "tokenize/splitter.h"

namespace sheepop {
namespace {

enum class Class : uint8_t { kLetter, kNumber, kSpace, kNewline, kOther };  // kNewline: CR and LF

constexpr std::array<Class, 128> MakeAsciiClasses() {
  std::array<Class, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool number = c >= '0' && c <= '9';
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    classes[static_cast<size_t>(c)] = letter                   ? Class::kLetter
                                      : number                 ? Class::kNumber
                                      : c == '\r' || c == '\n' ? Class::kNewline
                                      : space                  ? Class::kSpace
                                                               : Class::kOther;
  }
  return classes;
}

constexpr std::array<Class, 128> kAsciiClasses = MakeAsciiClasses();

Class ClassOf(char32_t c) {
  if (c < 128) return kAsciiClasses[c];
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return Class::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return Class::kNumber;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return Class::kSpace;
    default: return c == 0x85 ? Class::kSpace : Class::kOther;
  }
}

struct Char {
  Class cls;
  uint32_t length;
};

// `at` < text.size(); text is valid UTF-8.
inline Char CharAt(std::string_view text, size_t at) {
  const auto byte = static_cast<uint8_t>(text[at]);
  if (byte < 0x80) return {kAsciiClasses[byte], 1};
  const auto tail = [&](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(text[at + i]) & 0x3F); };
  if (byte < 0xE0) return {ClassOf(static_cast<char32_t>(byte & 0x1F) << 6 | tail(1)), 2};
  if (byte < 0xF0) return {ClassOf(static_cast<char32_t>(byte & 0x0F) << 12 | tail(1) << 6 | tail(2)), 3};
  return {ClassOf(static_cast<char32_t>(byte & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)), 4};
}

inline bool IsSpace(Class c) { return c == Class::kSpace || c == Class::kNewline; }

// The end of the run of `wanted` that begins at `at`.
inline size_t RunEnd(std::string_view text, size_t at, Class wanted) {
  while (at < text.size()) {
    const Char c = CharAt(text, at);
    if (c.cls != wanted) break;
    at += c.length;
  }
  return at;
}

// The length of an English contraction ('s 't 're 've 'm 'll 'd) at `at`, or 0. Folded case takes U+017F as an s.
size_t Contraction(std::string_view text, size_t at, bool fold) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  const auto lower = [&](size_t i) {
    const char c = i < text.size() ? text[i] : '\0';
    return fold && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = lower(at + 1), second = lower(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' || first == 'v') && second == 'e') return 3;
  if (first == 'l' && second == 'l') return 3;
  if (fold && text.substr(at + 1, 2) == "\xC5\xBF") return 3;
  return 0;
}

struct SpaceRun {
  size_t end;            // of the whole run
  size_t last;           // where its last character begins
  size_t after_newline;  // behind its last CR or LF; 0 when there is none
};

SpaceRun SpacesAt(std::string_view text, size_t at) {
  SpaceRun run{at, at, 0};
  while (run.end < text.size()) {
    const Char c = CharAt(text, run.end);
    if (!IsSpace(c.cls)) break;
    run.last = run.end;
    run.end += c.length;
    if (c.cls == Class::kNewline) run.after_newline = run.end;
  }
  return run;
}

// kGpt2Pattern; with `lone_digits` after each \p{N} has been cut out as a word of its own.
template <bool lone_digits>
class Gpt2Cutter final : public Cutter {
 public:
  void Cut(std::string_view text, std::vector<std::string_view>& words) const override {
    for (size_t at = 0; at < text.size();) {
      const size_t end = Next(text, at);
      words.push_back(text.substr(at, end - at));
      at = end;
    }
  }

 private:
  static size_t Next(std::string_view text, size_t at) {
    if (const size_t length = Contraction(text, at, false)) return at + length;
    const Char first = CharAt(text, at);
    if (!IsSpace(first.cls)) {
      if (lone_digits && first.cls == Class::kNumber) return at + first.length;
      return RunEnd(text, at + first.length, first.cls);
    }
    if (text[at] == ' ' && at + 1 < text.size()) {
      const Char second = CharAt(text, at + 1);
      const bool joins = !IsSpace(second.cls) && !(lone_digits && second.cls == Class::kNumber);
      if (joins) return RunEnd(text, at + 1 + second.length, second.cls);
    }
    const SpaceRun run = SpacesAt(text, at);
    if (run.end == text.size() || run.last == at) return run.end;
    if (lone_digits && CharAt(text, run.end).cls == Class::kNumber) return run.end;
    return run.last;
  }
};

// The pattern of Llama 3 (max_digits 3) and Qwen 2 (1).
class Llama3Cutter final : public Cutter {
 public:
  explicit Llama3Cutter(int max_digits) : max_digits_(max_digits) {}
  void Cut(std::string_view text, std::vector<std::string_view>& words) const override {
    for (size_t at = 0; at < text.size();) {
      const size_t end = Next(text, at);
      words.push_back(text.substr(at, end - at));
      at = end;
    }
  }

 private:
  size_t Next(std::string_view text, size_t at) const {
    if (const size_t length = Contraction(text, at, true)) return at + length;
    const Char first = CharAt(text, at);
    size_t end = at + first.length;
    if (first.cls == Class::kLetter) return RunEnd(text, end, Class::kLetter);
    if (first.cls == Class::kNumber) return Digits(text, end);
    Class second = Class::kNewline;
    uint32_t second_length = 0;
    if (end < text.size()) {
      const Char c = CharAt(text, end);
      second = c.cls;
      second_length = c.length;
    }
    if (first.cls != Class::kNewline && second == Class::kLetter) {
      return RunEnd(text, end + second_length, Class::kLetter);
    }
    if (first.cls == Class::kOther || (text[at] == ' ' && second == Class::kOther)) {
      return RunEnd(text, RunEnd(text, end, Class::kOther), Class::kNewline);
    }
    const SpaceRun run = SpacesAt(text, at);
    if (run.after_newline > 0) return run.after_newline;
    return run.end == text.size() || run.last == at ? run.end : run.last;
  }

  size_t Digits(std::string_view text, size_t end) const {
    for (int count = 1; count < max_digits_ && end < text.size(); ++count) {
      const Char c = CharAt(text, end);
      if (c.cls != Class::kNumber) break;
      end += c.length;
    }
    return end;
  }

  int max_digits_;
};

constexpr std::string_view kGpt2Shorter = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))";
constexpr std::string_view kGpt2Factored = R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

bool IsGpt2(std::string_view pattern) {
  return pattern == kGpt2Pattern || pattern == kGpt2Shorter || pattern == kGpt2Factored;
}

}  // namespace

std::unique_ptr<const Cutter> MakeFastCutter(std::span<const std::string> patterns) {
  if (patterns.size() == 2 && patterns[0] == "\\p{N}" && IsGpt2(patterns[1])) {
    return std::make_unique<Gpt2Cutter<true>>();
  }
  if (patterns.size() != 1) return nullptr;
  if (IsGpt2(patterns[0])) return std::make_unique<Gpt2Cutter<false>>();
  if (patterns[0] == kLlama3) return std::make_unique<Llama3Cutter>(3);
  if (patterns[0] == kQwen2) return std::make_unique<Llama3Cutter>(1);
  return nullptr;
}

}  // namespace sheepop
