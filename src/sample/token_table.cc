#include "sample/token_table.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/utf8.h"
#include "sample/grammar/byte_language.h"
#include "sample/grammar/grammar.h"

namespace sheepop {
namespace {

// Shorter tokens have a slice for each number of characters, longer ones one for so many numbers: how much of a string's
// bound is left decides which slices fit whole.
constexpr size_t kShort = 20, kLongStep = 12;

size_t SliceOf(size_t characters) {
  return characters <= kShort ? characters : kShort + 1 + (characters - kShort - 1) / kLongStep;
}

// How many characters a text has that is plain throughout; nothing for other text.
std::optional<size_t> PlainCharacters(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    if (!step.valid || !grammar::IsPlain(step.code_point)) return {};
    text.remove_prefix(step.length);
    ++count;
  }
  return count;
}

// The trie of `tokens`, which are in the order of their bytes.
void BuildTrie(std::span<const std::string> bytes, TokenTable::Part& part) {
  std::vector<uint32_t> open;  // the path to the last node
  std::string_view path;
  const auto close = [&](size_t depth) {
    for (; open.size() > depth; open.pop_back())
      part.nodes[open.back()].skip = static_cast<uint32_t>(part.nodes.size());
  };
  for (size_t i = 0; i < part.tokens.size(); ++i) {
    const std::string_view text = bytes[static_cast<size_t>(part.tokens[i])];
    const auto [end, unused] = std::ranges::mismatch(path, text);
    const size_t common = static_cast<size_t>(end - path.begin());
    if (common < text.size()) {
      close(common);
      for (size_t depth = common; depth < text.size(); ++depth) {
        open.push_back(static_cast<uint32_t>(part.nodes.size()));
        part.nodes.push_back({static_cast<uint8_t>(text[depth]), 0, static_cast<uint32_t>(depth)});
        part.first_token.push_back(static_cast<uint32_t>(i));
      }
    }
    path = text;
  }
  close(0);
  part.first_token.push_back(static_cast<uint32_t>(part.tokens.size()));
}

}  // namespace

TokenTable::TokenTable(const SamplingVocabulary& vocabulary) : bytes_(vocabulary.size()) {
  end_tokens_.assign(vocabulary.eos().begin(), vocabulary.eos().end());
  std::map<size_t, Part> parts;  // by slice
  parts[0];
  for (size_t i = 0; i < bytes_.size(); ++i) {
    const Token token = static_cast<Token>(i);
    if (std::ranges::find(end_tokens_, token) != end_tokens_.end()) continue;
    switch (vocabulary.use(token)) {
      case TokenUse::kText:
        // Such a byte is none of UTF-8: a text that begins so would pass for a control token.
        if (vocabulary.piece(token).find(grammar::kControlMark) == std::string_view::npos) {
          bytes_[i] = vocabulary.piece(token);
        }
        break;
      case TokenUse::kControl: bytes_[i] = grammar::kControlMark + std::string(vocabulary.piece(token)); break;
      case TokenUse::kNone: break;
    }
    if (bytes_[i].empty()) continue;
    const size_t characters = PlainCharacters(bytes_[i]).value_or(0);
    Part& part = parts[SliceOf(characters)];
    part.least = part.tokens.empty() ? characters : std::min(part.least, characters);
    part.most = std::max(part.most, characters);
    part.tokens.push_back(token);
  }
  TokenMask up_to((bytes_.size() + 63) / 64);
  for (auto& [slice, part] : parts) {
    std::ranges::sort(part.tokens, [&](Token a, Token b) {
      const int order = bytes_[static_cast<size_t>(a)].compare(bytes_[static_cast<size_t>(b)]);
      return order != 0 ? order < 0 : a < b;
    });
    BuildTrie(bytes_, part);
    if (slice > 0) {
      for (const Token token : part.tokens) {
        up_to[static_cast<size_t>(token) / 64] |= uint64_t{1} << (static_cast<size_t>(token) % 64);
      }
      part.up_to = up_to;
    }
    parts_.push_back(std::move(part));
  }
}

}  // namespace sheepop
