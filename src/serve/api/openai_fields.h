// The fields that OpenAI's chat and completions have in common.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "serve/api/request_context.h"
#include "serve/ask.h"
#include "serve/fields.h"

namespace sheepop {

// How an answer is told, besides its text.
struct OpenAiShape {
  bool include_usage = false;     // of a stream: its last chunk
  bool continuous_usage = false;  // of a stream: each chunk, as far as it is
  bool token_ids = false;
  bool functions = false;  // calls in OpenAI's old form
};

// Reads model, stream, stream_options, n, return_token_ids, those of ReadSampling and ReadConstraints, and what cannot
// change a text (store, metadata, user, ...), which is named in ask.unused. Sets all of `ask` that they say. Throws
// ApiError.
OpenAiShape ReadOpenAiFields(Fields& fields, const RequestContext& context, Ask& ask);

// The most tokens of an answer, under several names that may all be given if they say the same.
std::optional<size_t> ReadMaxTokens(Fields& fields, std::initializer_list<std::string_view> names);

}  // namespace sheepop
