// The sampling options as the page draws them.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

namespace sheepop {

// {"groups": [{"title", "options": [{"name", "help", "unit", "shape": number|switch|text|list, "low", "high", "choices",
// "default"}]}]}, every row of kSamplingTable, with the defaults of a profile; low and high are null where there is no bound.
boost::json::object SamplingOptionList(std::string_view profile = "openai");

}  // namespace sheepop
