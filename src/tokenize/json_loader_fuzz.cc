// Hostile tokenizer.json files: either an Error, or a tokenizer that encodes and decodes what it can.
#include <string_view>

#include "base/error.h"
#include "tokenize/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sheepop;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t border = text.find('\0');
  try {
    const Tokenizer tokenizer = Tokenizer::FromJson(
        text.substr(0, border), border == std::string_view::npos ? std::string_view() : text.substr(border + 1));
    const auto tokens = tokenizer.Encode("a ab <b>  \xC3\xA9\xFF 12", SpecialTokens::kParse);
    tokenizer.Decode(tokens);
  } catch (const Error&) {
  }
  return 0;
}
