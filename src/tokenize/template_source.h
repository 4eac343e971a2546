// What a chat template of a model is chosen from, and the clock that templates see.
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

#include "checkpoint/checkpoint.h"
#include "tokenize/chat_template.h"

namespace sheepop {

// That of `file` (empty: none; "-" is standard input), else `own`, that of the model which lies at `model`. Throws
// kUnsupported, saying what to do, when there is neither; and what ChatTemplate::Parse throws.
ChatTemplate ChooseTemplate(const std::string& file, const std::optional<std::string>& own,
                            const std::filesystem::path& model);

// Of a model with several templates, the one for conversations with tools, as transformers chooses: that of the name
// "tool_use". None where it has no such.
std::optional<std::string> ToolTemplateOf(const Checkpoint& checkpoint);

// SOURCE_DATE_EPOCH (seconds since 1970) when it is set, else the present time. Throws kInvalidArgument for a value
// that is no such number.
std::time_t TemplateClock();

}  // namespace sheepop
