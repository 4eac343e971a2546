// Conversations to tokens of which only the assistant's words are learned, written as the model's own template writes
// them, so that what is learned is what chatting asks for.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "tokenize/chat_template.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

struct EncodedChat {
  std::vector<Token> tokens;
  // [tokens]: 1 on each assistant message, from behind the template's opening of the turn up to and with the token that
  // ends it; 0 elsewhere.
  std::vector<uint8_t> learned;
  uint64_t learned_bytes = 0;       // of text
  std::vector<size_t> dropped;      // messages, from 0, of which the template writes nothing
  std::vector<std::string> unread;  // fields that change nothing: reserved ones, and what the template does not read
};

class ChatEncoder {
 public:
  // `tokenizer` outlives it. `now` is the template's clock.
  ChatEncoder(ChatTemplate chat, const Tokenizer& tokenizer, std::time_t now)
      : chat_(std::move(chat)), tokenizer_(tokenizer), now_(now) {}

  // A line of JSON: an object with `messages`, [{"role", "content", ...}]; other members (`tools`, ...) are template
  // variables. Of messages `weight`, `train`, `trainable`, `loss` and `loss_mask` (1: learned, 0: only read) and
  // `masked` (the contrary) are obeyed, other values refused. Names that end in _token are not taken from it, control tokens in its texts are text, and what ends a
  // turn is known by its token: nothing in a conversation can move the borders of what is learned. Throws kCorrupt for
  // what is no such object, and what ChatTemplate::Render and RequireContents throw; kUnsupported when there is nothing to
  // learn, when the template ends no turn with a token that ends a text, or writes the beginning of a
  // conversation otherwise when more follows.
  EncodedChat Encode(std::string_view line) const;
  EncodedChat Encode(boost::json::object conversation) const;

 private:
  ChatTemplate chat_;
  const Tokenizer& tokenizer_;
  std::time_t now_;
};

}  // namespace sheepop
