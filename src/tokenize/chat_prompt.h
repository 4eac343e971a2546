// A conversation as the token ids that a model answers to.
#pragma once

#include <boost/json/fwd.hpp>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
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
  std::vector<Warning> warnings;      // of characters that the vocabulary cannot spell
  // Where they are asked for: variables, and fields of messages, without which the template writes the same text.
  std::vector<std::string> unread;
};

struct ChatPromptOptions {
  // Where not empty, the prompt ends behind the last place where this text stands, without the white space around it,
  // among what came from the conversation: a last message that is to be gone on with.
  std::string_view open_end = {};
  bool substitute = true;  // a character for which the vocabulary has no token; else it is an error
  size_t inserted = 0;     // messages in front that warnings do not count, for whoever reads them did not write these
  // Which variables and fields of messages are not read is looked for, at the price of a rendering or a few where there
  // are others than a message's role, its content and what is named here.
  bool find_unread = false;
  std::span<const std::string_view> obeyed = {};
};

// Renders `variables` (see ChatTemplate::Render) and encodes the result. bos_token, eos_token, pad_token and unk_token
// are the tokenizer's where `variables` holds none. A character of a variable (a message, most often) for which the
// vocabulary has no token becomes U+FFFD, and a warning, unless options.substitute is false. Throws what Render and Encode throw, and kInvalidArgument where
// options.open_end is not there.
ChatPrompt EncodeChat(const ChatTemplate& chat, const Tokenizer& tokenizer, boost::json::object variables,
                      std::time_t now, const ChatPromptOptions& options = {});

// Of a template that refuses a conversation (roles that do not alternate, a variable that nobody gave): that is of a file,
// not of somebody's flags. Names the messages whose content is no text, which many templates do not take.
Error RefusedByTemplate(const boost::json::array& messages, const Error& error);

// What `encode` gives; its kInvalidArgument, and what its template cannot do, become kUnsupported.
template <typename Encode>
ChatPrompt RenderedOrRefused(const boost::json::array& messages, const Encode& encode) {
  try {
    return encode();
  } catch (const Error& error) {
    const bool of_template = std::string_view(error.what()).starts_with("chat template");
    if (error.category() != ErrorCategory::kInvalidArgument && !of_template) throw;
    throw RefusedByTemplate(messages, error);
  }
}

// Throws kCorrupt, naming the message's number, when `messages` is empty, or one of them is no object with a string as
// `role`, or has nothing to say: no `content` (or null) and nothing else in its place, such as tool calls, or a
// `content` that is neither text nor a list.
void RequireContents(const boost::json::array& messages);

// The messages, from 0, with words of which none came into the prompt: a template that drops system messages, say.
std::vector<size_t> Dropped(const ChatPrompt& prompt, const boost::json::array& messages);

// What to tell of ChatPrompt::unread.
Warning UnreadWarning(std::string_view source, const std::string& field, size_t conversations);

// What to tell of one such message.
Warning DroppedWarning(size_t message, std::string_view role);

}  // namespace sheepop
