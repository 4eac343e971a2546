// Variables of chat templates that an API has under names of its own.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api/conversation.h"

namespace sheepop {

// As ReadTemplateVariables does with enable_thinking, verbosity or reasoning_effort, which `name` is, of that value. `path` is the
// field that it came from: named in `unused` where the model's template does not mention the variable. Throws what
// ReadTemplateVariables throws.
void SetTemplateVariable(std::string_view name, const boost::json::value& value, const std::string& path,
                         const ServedModel& model, ConversationAsk& conversation, std::vector<std::string>& unused);

}  // namespace sheepop
