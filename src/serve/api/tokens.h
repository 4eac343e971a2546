// What texts and conversations are as tokens, and back: /tokenize, /detokenize, /apply-template and /tokenizer_info, in
// the spelling of vLLM (prompt, add_special_tokens) and in that of llama-server (content, add_special). All take `model`,
// and throw ApiError.
#pragma once

#include <boost/json/object.hpp>

#include "serve/api/request_context.h"

namespace sheepop {

// Of `prompt` or `content`, a text; or of `messages`, with all that a chat request may say. add_special_tokens or
// add_special puts a bos in front where the model wants one: by default of a `prompt`, not of a `content`, never of
// messages, whose template says it. parse_special (default true): names of control tokens are those tokens.
// Gives {tokens, count, max_model_len}; with return_token_strs also token_strs. With with_pieces `tokens` are
// {id, piece}, whose piece is text, or a list of bytes where it is no whole UTF-8.
boost::json::object TokenizeText(const boost::json::object& body, const RequestContext& context);

// Of `tokens`, a list of ids, maybe empty: {prompt, content}, both the text as valid UTF-8, names of control tokens
// included.
boost::json::object DetokenizeIds(const boost::json::object& body, const RequestContext& context);

// What a chat request's body comes to: {prompt}.
boost::json::object ApplyTemplate(const boost::json::object& body, const RequestContext& context);

// {bos_token, eos_token, pad_token, unk_token, chat_template, add_bos_token}: null for what the model has not.
boost::json::object TokenizerInfo(const ServedModel& model);

}  // namespace sheepop
