// What no probe shows: the names of the families, marks of thoughts that a template takes out and never writes, marks around
// text, and the calls of models whose templates say nothing of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generate/chat_row.h"

namespace sheepop::families {

// The marks whose opening ends this text.
std::optional<ThinkingMarks> KnownThinking(std::string_view text);
// The marks that this template speaks of.
std::optional<ThinkingMarks> ThinkingIn(std::string_view source);
void AddFrames(std::string_view source, ChatRow& row);
// Where in `text`, from `from` on, a mark stands that ends a turn; its size where there is none.
size_t EndOfTurn(std::string_view text, size_t from);

// The calls of a template that writes none: by the marks in its source or in `prompt`, which it wrote with a tool; else
// the generic form.
void AddUnwritten(std::string_view source, std::string_view prompt, ChatRow& row);
std::string NameOf(const ChatRow& row);
void AddVariants(ChatRow& row);

}  // namespace sheepop::families
