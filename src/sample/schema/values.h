// Values of JSON as the specification compares them: numbers by their value, objects whatever the order of their members.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace sheepop::schema {

// Equal texts for equal values and only for them: compact JSON, members in the order of their names, numbers in their
// shortest form. Every number must be finite.
std::string CanonicalText(const boost::json::value& value);

bool HasInfinity(const boost::json::value& value);

}  // namespace sheepop::schema
