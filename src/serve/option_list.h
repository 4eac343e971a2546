// The sampling options as the page draws them.
#pragma once

#include <boost/json/object.hpp>

namespace sheepop {

// {"groups": [{"title", "options": [{"name", "help", "unit", "shape": number|switch|text|list, "low", "high", "choices",
// "default"}]}]}, every row of kSamplingTable; low and high are null where there is no bound.
boost::json::object SamplingOptionList();

}  // namespace sheepop
