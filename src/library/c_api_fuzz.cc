// Strings of the C interface: requests, options, texts and ids, on the tiny model. The first byte says which call.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "include/sheepop/sheepop_c.h"

namespace {

sheepop_model* Tiny() {
  static sheepop_model* model = [] {
    sheepop_model* opened = nullptr;
    if (sheepop_open("tests/data/tiny/llama/model.gguf", R"({"threads": 1, "context": 64})", &opened)) std::abort();
    return opened;
  }();
  return model;
}

void Drain(sheepop_answer* answer) {
  sheepop_piece piece;
  sheepop_state state = SHEEPOP_PIECE;
  while (state == SHEEPOP_PIECE) {
    if (sheepop_error* error = sheepop_next(answer, -1, &piece, &state)) {
      sheepop_error_free(error);
      break;
    }
  }
  sheepop_answer_free(answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  sheepop_error* error = nullptr;
  sheepop_answer* answer = nullptr;
  char *first = nullptr, *second = nullptr;
  size_t count = 0;
  switch (data[0] % 6) {
    case 0: error = sheepop_complete(Tiny(), text.c_str(), &answer); break;
    case 1: error = sheepop_chat(Tiny(), text.c_str(), &answer); break;
    case 2: error = sheepop_explain(Tiny(), text.c_str(), nullptr, &first, &second); break;
    case 3: {
      sheepop_model* model = nullptr;
      error = sheepop_open("tests/data/tiny/llama/model.gguf", text.c_str(), &model);
      sheepop_model_free(model);
      break;
    }
    case 4: {
      int32_t* tokens = nullptr;
      error = sheepop_tokenize(Tiny(), text.data(), text.size(), data[0] / 6 % 4, &tokens, &count);
      sheepop_free(tokens);
      break;
    }
    default: {
      std::vector<int32_t> ids;
      for (const char c : text) ids.push_back(c * 4);
      error = sheepop_detokenize(Tiny(), ids.data(), ids.size(), &first, &count);
    }
  }
  if (answer) Drain(answer);
  sheepop_error_free(error);
  sheepop_free(first);
  sheepop_free(second);
  return 0;
}
