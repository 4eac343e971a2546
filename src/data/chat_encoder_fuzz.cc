// Any line as a conversation, with a template that writes roles and contents as they come.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "data/chat_encoder.h"

namespace {

using namespace sheepop;

const Tokenizer& Bytes() {
  static const Tokenizer tokenizer = [] {
    using Type = Metadata::GgufType;
    Metadata metadata;
    std::vector<std::string> names = {"<|im_start|>", "<|im_end|>", "<unk>"};
    for (char c = '!'; c <= '~'; ++c) names.emplace_back(1, c);
    std::vector<int64_t> kinds(names.size(), 1);
    kinds[0] = kinds[1] = 3;
    kinds[2] = 2;
    metadata.Set("tokenizer.ggml.model", Type::kString, std::string("gpt2"));
    metadata.Set("tokenizer.ggml.pre", Type::kString, std::string("gpt-2"));
    metadata.Set("tokenizer.ggml.tokens", Type::kString, names);
    metadata.Set("tokenizer.ggml.token_type", Type::kInt32, kinds);
    metadata.Set("tokenizer.ggml.merges", Type::kString, std::vector<std::string>{});
    metadata.Set("tokenizer.ggml.eos_token_id", Type::kUint32, uint64_t{1});
    metadata.Set("tokenizer.ggml.unknown_token_id", Type::kUint32, uint64_t{2});
    return Tokenizer::FromGguf(metadata);
  }();
  return tokenizer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ChatEncoder encoder(
      ChatTemplate::Parse("{% for m in messages %}<|im_start|>{{ m.role }}:{{ m.content }}<|im_end|>{% endfor %}"
                          "{% if add_generation_prompt %}<|im_start|>assistant:{% endif %}"),
      Bytes(), 0);
  try {
    const EncodedChat chat = encoder.Encode(std::string_view(reinterpret_cast<const char*>(data), size));
    if (chat.tokens.size() != chat.learned.size()) std::abort();
    for (size_t i = 0; i < chat.tokens.size(); ++i) {
      if (chat.learned[i] && chat.tokens[i] == 0) std::abort();  // a turn's opening is never the assistant's
    }
  } catch (const Error&) {
  }
  return 0;
}
