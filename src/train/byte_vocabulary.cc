#include "train/byte_vocabulary.h"

#include "base/error.h"

namespace sheepop {
namespace {

// GPT-2's printable stand-in for a byte: itself where Latin-1 prints it, else the next code point from 256 on.
// https://github.com/openai/gpt-2, encoder.py.
char32_t StandIn(unsigned byte) {
  const auto prints = [](unsigned b) { return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174; };
  if (prints(byte)) return byte;
  char32_t next = 256;
  for (unsigned b = 0; b < byte; ++b) next += prints(b) ? 0 : 1;
  return next;
}

std::string Utf8Below2048(char32_t code) {
  if (code < 128) return {static_cast<char>(code)};
  return {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
}

}  // namespace

ByteVocabulary::ByteVocabulary(std::string_view text) {
  ids_.fill(-1);
  std::array<bool, 256> seen{};
  for (char c : text) seen[static_cast<unsigned char>(c)] = true;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!seen[byte]) continue;
    ids_[byte] = static_cast<Token>(bytes_.size());
    bytes_ += static_cast<char>(byte);
  }
}

std::vector<Token> ByteVocabulary::Encode(std::string_view text) const {
  std::vector<Token> tokens(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (ids_[byte] < 0) {
      throw Error(ErrorCategory::kInvalidArgument, "byte {} at offset {} is not in the vocabulary of {} bytes", byte, i,
                  bytes_.size());
    }
    tokens[i] = ids_[byte];
  }
  return tokens;
}

std::string ByteVocabulary::Decode(const std::vector<Token>& tokens) const {
  std::string text;
  for (Token token : tokens) {
    if (token >= 0 && token < end()) text += bytes_[static_cast<size_t>(token)];
  }
  return text;
}

Metadata ByteVocabulary::ToMetadata() const {
  using Type = Metadata::GgufType;
  constexpr int64_t kNormal = 1, kControl = 3;
  std::vector<std::string> names;
  for (char c : bytes_) names.push_back(Utf8Below2048(StandIn(static_cast<unsigned char>(c))));
  std::vector<int64_t> kinds(names.size(), kNormal);
  names.push_back("<|endoftext|>");
  kinds.push_back(kControl);
  Metadata metadata;
  metadata.Set("tokenizer.ggml.model", Type::kString, std::string("gpt2"));
  metadata.Set("tokenizer.ggml.pre", Type::kString, std::string("gpt-2"));
  metadata.Set("tokenizer.ggml.tokens", Type::kString, names);
  metadata.Set("tokenizer.ggml.token_type", Type::kInt32, kinds);
  metadata.Set("tokenizer.ggml.merges", Type::kString, std::vector<std::string>{});
  metadata.Set("tokenizer.ggml.bos_token_id", Type::kUint32, static_cast<uint64_t>(end()));
  metadata.Set("tokenizer.ggml.eos_token_id", Type::kUint32, static_cast<uint64_t>(end()));
  metadata.Set("tokenizer.ggml.add_bos_token", Type::kBool, false);
  return metadata;
}

}  // namespace sheepop
