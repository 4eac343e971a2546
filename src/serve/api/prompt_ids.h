// Texts and lists of ids, as completions and embeddings take them.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "serve/ask.h"
#include "serve/fields.h"

namespace sheepop {

struct TextReading {
  bool add_special = true;     // a bos in front where the model wants one
  bool parse_special = false;  // names of control tokens are those tokens
};

// A list of ids of the model's vocabulary. Throws ApiError 400; `path` names the list.
std::vector<Token> ReadIds(const boost::json::array& list, const ServedModel& model, const std::string& path);

// Text, texts, ids or lists of ids: what `name` holds, in its order. Texts are encoded as the program's `generate` does,
// ids are taken as they are; the text of ids, and of names of control tokens, is what they show. Throws ApiError 400 for more than `most`, none at all,
// one without tokens, and ids that the vocabulary does not have.
std::vector<AskedPrompt> ReadPrompts(Fields& fields, std::string_view name, const ServedModel& model,
                                     const TextReading& reading, size_t most);

// As valid UTF-8, control tokens as nothing.
std::string ShownText(const Tokenizer& tokenizer, std::vector<Token> ids);

}  // namespace sheepop
