// The formats of dates and times, RFC 3339. Used by formats.cc alone.
#pragma once

#include "sample/grammar/regex.h"

namespace sheepop::schema {

grammar::RegexId DateRegex(grammar::RegexPool& pool);      // days as the Gregorian calendar has them, from year 0000
grammar::RegexId TimeRegex(grammar::RegexPool& pool);      // second 60 only where it is 23:59 in UTC
grammar::RegexId DateTimeRegex(grammar::RegexPool& pool);  // and only on the last day of a month
grammar::RegexId DurationRegex(grammar::RegexPool& pool);

}  // namespace sheepop::schema
