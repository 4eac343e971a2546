// How generation_config.json of a Hugging Face folder and GGUF's `general.sampling.*` call the settings of drawing
// (transformers' GenerationConfig; llama.cpp's gguf-py/gguf/constants.py).
#pragma once

#include <string_view>

namespace sheepop {

struct SamplingKey {
  std::string_view option;  // the row of sample/options.h
  const char* json;         // null: GGUF alone has it
  const char* gguf;
  bool whole = false;
};

inline constexpr SamplingKey kSamplingKeys[] = {
    {"temperature", "temperature", "general.sampling.temp"},
    {"top_k", "top_k", "general.sampling.top_k", true},
    {"top_p", "top_p", "general.sampling.top_p"},
    {"min_p", "min_p", "general.sampling.min_p"},
    {"repeat_penalty", "repetition_penalty", "general.sampling.penalty_repeat"},
    {"repeat_last_n", nullptr, "general.sampling.penalty_last_n", true},
    {"xtc_probability", nullptr, "general.sampling.xtc_probability"},
    {"xtc_threshold", nullptr, "general.sampling.xtc_threshold"},
    {"mirostat", nullptr, "general.sampling.mirostat", true},
    {"mirostat_tau", nullptr, "general.sampling.mirostat_tau"},
    {"mirostat_eta", nullptr, "general.sampling.mirostat_eta"},
};

// A list of ids that are never drawn.
inline constexpr const char* kSuppressedJson = "suppress_tokens";
inline constexpr const char* kSuppressedKey = "tokenizer.ggml.suppress_tokens";

}  // namespace sheepop
