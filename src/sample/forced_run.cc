#include "sample/forced_run.h"

#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "sample/grammar/grammar.h"

namespace sheepop {
namespace {

constexpr size_t kMostBytes = 4096;  // of one run
constexpr size_t kContext = 8;       // tokens before it that its first ones may hang on
constexpr size_t kHealed = 4;        // tokens at its end that may still become others

// The tokens of `forced` as they are written behind the last of `output`; where those are not what the tokenizer would
// have written, as they are by themselves.
std::vector<Token> Encode(std::string_view forced, std::span<const Token> output,
                          const SamplingVocabulary& vocabulary) {
  const auto before = output.last(std::min(output.size(), kContext));
  std::string text;
  for (const Token token : before) text += vocabulary.piece(token);
  const std::vector<Token> whole = vocabulary.Encode(text + std::string(forced));
  if (whole.size() > before.size() && std::ranges::equal(before, std::span(whole).first(before.size()))) {
    return {whole.begin() + static_cast<std::ptrdiff_t>(before.size()), whole.end()};
  }
  return vocabulary.Encode(forced);
}

bool AnyLonger(const Constraint& constraint, const Constraint::Position& position, std::string_view bytes) {
  const std::shared_ptr<const TokenMask> mask = constraint.Mask(position);
  const TokenTable& table = constraint.table();
  for (size_t word = 0; word < mask->size(); ++word) {
    for (uint64_t bits = (*mask)[word]; bits != 0; bits &= bits - 1) {
      const Token token = static_cast<Token>(word * 64 + static_cast<size_t>(std::countr_zero(bits)));
      const std::string_view longer = table.bytes(token);
      if (longer.size() > bytes.size() && longer.starts_with(bytes)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<Token> ForcedRun(const Constraint& constraint, const Constraint::Position& position,
                             std::span<const Token> output, const SamplingVocabulary& vocabulary) {
  std::string forced = constraint.Forced(position, kMostBytes);
  forced.resize(std::min(forced.size(), forced.find(grammar::kControlMark)));  // no tokenizer makes that of a text
  forced.resize(forced.size() - IncompleteUtf8Suffix(forced));                 // the first bytes of several characters
  if (forced.empty()) return {};
  std::vector<Token> tokens = Encode(forced, output, vocabulary);
  std::string spelt;
  std::vector<Constraint::Position> places = {position};  // before each token
  for (const Token token : tokens) {
    if (static_cast<size_t>(token) >= constraint.table().vocabulary_size()) return {};  // the model has no row for it
    const std::string_view bytes = constraint.table().bytes(token);
    spelt += bytes;
    places.push_back(places.back());
    constraint.Advance(places.back(), bytes);
  }
  if (spelt != forced) return {};
  // The first of the last tokens from which a longer one may begin, and all behind it, are still open.
  for (size_t i = tokens.size() - std::min(tokens.size(), kHealed); i < tokens.size(); ++i) {
    std::string rest;
    for (size_t j = i; j < tokens.size(); ++j) rest += constraint.table().bytes(tokens[j]);
    if (AnyLonger(constraint, places[i], rest)) {
      tokens.resize(i);
      break;
    }
  }
  return tokens;
}

}  // namespace sheepop
