// A conversation as the token ids that a model answers to.
#pragma once

#include <boost/json/fwd.hpp>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "base/warning.h"
#include "tokenize/chat_template.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

struct ChatPrompt {
  std::string text;        // as rendered
  std::vector<Token> ids;  // control tokens only where the template itself wrote them; no bos unless it wrote one
  // How many of the ids begin in bytes of each message; the rest are the template's and its other variables'.
  std::vector<size_t> message_tokens;
  std::vector<bool> message_written;  // [messages] whether the text holds anything of it
};

// Renders `variables` (see ChatTemplate::Render) and encodes the result. bos_token, eos_token, pad_token and unk_token
// are the tokenizer's where `variables` holds none. `open_end`: where not empty, the prompt ends behind the last place
// where this text stands, without the white space around it, among what came from the conversation: a last message that
// is to be gone on with. Throws what Render and Encode throw, and kInvalidArgument where that text is not there.
ChatPrompt EncodeChat(const ChatTemplate& chat, const Tokenizer& tokenizer, boost::json::object variables,
                      std::time_t now, std::string_view open_end = {});

// Throws kCorrupt, naming the message's number, when `messages` is empty, or one of them is no object with a string as
// `role`, or has nothing to say: no `content` (or null) and nothing else in its place, such as tool calls.
void RequireContents(const boost::json::array& messages);

// The messages, from 0, with words of which none came into the prompt: a template that drops system messages, say.
std::vector<size_t> Dropped(const ChatPrompt& prompt, const boost::json::array& messages);

// What to tell of one such message.
Warning DroppedWarning(size_t message, std::string_view role);

}  // namespace sheepop
