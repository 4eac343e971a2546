#include "cli/commands/constrain_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <numeric>

#include "base/byte_set.h"
#include "base/error.h"
#include "base/quoted.h"
#include "base/utf8.h"
#include "sample/grammar/grammar.h"

namespace sheepop::cli {
namespace {

bool Has(const TokenMask& mask, Token token) {
  return (mask[static_cast<size_t>(token) / 64] >> (static_cast<size_t>(token) % 64)) & 1;
}

std::string SpellingOf(const TokenTable& table, std::span<const Token> tokens) {
  std::string text;
  for (const Token token : tokens) text += table.bytes(token);
  return text;
}

// The tokens behind those that spell `before`, where some do.
std::optional<std::vector<Token>> Behind(const TokenTable& table, std::span<const Token> tokens,
                                         std::string_view before, std::string_view text) {
  size_t bytes = 0, count = 0;
  while (bytes < before.size() && count < tokens.size()) bytes += table.bytes(tokens[count++]).size();
  const std::span<const Token> rest = tokens.subspan(count);
  if (bytes != before.size() || SpellingOf(table, rest) != text) return std::nullopt;
  return std::vector<Token>(rest.begin(), rest.end());
}

}  // namespace

ByteVocabulary::ByteVocabulary() { std::iota(bytes_.begin(), bytes_.end(), '\0'); }

std::string_view ByteVocabulary::piece(Token token) const {
  return token == end_ ? std::string_view() : std::string_view(&bytes_[static_cast<size_t>(token)], 1);
}

std::optional<std::vector<Token>> TokensOf(const SamplingVocabulary& vocabulary, const TokenTable& table,
                                           std::string_view text) {
  if (auto tokens = Behind(table, vocabulary.Encode(text), "", text)) return tokens;
  // SentencePiece puts a space in front of a text; it goes to what stands there.
  for (const std::string_view before : {"\n", ":", "a"}) {
    const std::vector<Token> tokens = vocabulary.Encode(std::string(before) + std::string(text));
    if (auto rest = Behind(table, tokens, " " + std::string(before), text)) return rest;
  }
  return std::nullopt;
}

ByteCheck CheckBytes(const Constraint& constraint, std::string_view text) {
  ByteCheck check;
  check.bytes = constraint.Advance(check.position, text);
  check.fits = check.bytes == text.size() && constraint.Accepts(check.position);
  return check;
}

TokenCheck CheckTokens(const Constraint& constraint, std::span<const Token> tokens, const MaskTiming& timing) {
  TokenCheck check;
  Constraint::Position position;
  for (;; ++check.tokens) {
    double begin = ThreadMicroseconds();
    if (check.tokens > 0) constraint.Advance(position, constraint.table().bytes(tokens[check.tokens - 1]));
    const double followed = ThreadMicroseconds() - begin;
    std::shared_ptr<const TokenMask> mask;
    double least = 0;
    for (size_t time = 0; time < (timing.anew ? timing.times : 1); ++time) {
      if (timing.anew) constraint.ForgetMasks();
      begin = ThreadMicroseconds();
      mask = constraint.Mask(position);
      const double taken = ThreadMicroseconds() - begin;
      least = time == 0 ? taken : std::min(least, taken);
    }
    check.mask_us.push_back(followed + least);
    if (check.tokens == tokens.size()) {
      const auto ends = constraint.table().end_tokens();
      check.fits = constraint.Accepts(position) &&
                   (ends.empty() || std::ranges::any_of(ends, [&](Token end) { return Has(*mask, end); }));
      return check;
    }
    if (!Has(*mask, tokens[check.tokens])) return check;
  }
}

double ThreadMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

std::vector<std::string> AllowedAt(const Constraint& constraint, const Constraint::Position& position) {
  constexpr size_t kShown = 40;
  if (const std::string forced = constraint.Forced(position, kShown);
      !forced.empty() && forced[0] != grammar::kControlMark) {
    return {Quoted(forced)};
  }
  const ByteSet bytes = constraint.Allowed(position);
  std::vector<std::string> allowed;
  for (uint8_t first = 0; first < 0x80; ++first) {
    if (!bytes.Has(first)) continue;
    uint8_t last = first;
    while (last + 1 < 0x80 && bytes.Has(last + 1)) ++last;
    const auto shown = [](uint8_t byte) { return Quoted(std::string(1, static_cast<char>(byte))); };
    allowed.push_back(first == last ? shown(first) : fmt::format("{} to {}", shown(first), shown(last)));
    first = last;
  }
  bool leads = false, continues = false;
  for (uint8_t byte = 0x80; byte < 0xC0; ++byte) continues = continues || bytes.Has(byte);
  for (uint8_t byte = 0xC0; byte < 0xFF; ++byte) leads = leads || bytes.Has(byte);
  if (continues) allowed.emplace_back("the rest of a character");
  if (leads) allowed.emplace_back("characters beyond ASCII");
  if (bytes.Has(static_cast<uint8_t>(grammar::kControlMark))) allowed.emplace_back("a control token");
  if (constraint.Accepts(position)) allowed.emplace_back("the end of the text");
  return allowed;
}

void RequireSame(const ByteCheck& bytes, const TokenCheck& tokens) {
  if (bytes.fits == tokens.fits) return;
  throw Error(ErrorCategory::kInternal,
              "by its bytes the text {}, by its tokens it {} ({} bytes and {} tokens fit); please report this",
              bytes.fits ? "fits" : "does not fit", tokens.fits ? "does" : "does not", bytes.bytes, tokens.tokens);
}

}  // namespace sheepop::cli
