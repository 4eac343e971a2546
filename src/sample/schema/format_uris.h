// The formats of resource identifiers. Used by formats.cc alone.
#pragma once

#include "sample/grammar/regex.h"

namespace sheepop::schema {

grammar::RegexId UriRegex(grammar::RegexPool& pool);           // RFC 3986
grammar::RegexId UriReferenceRegex(grammar::RegexPool& pool);  // RFC 3986
grammar::RegexId IriRegex(grammar::RegexPool& pool);           // RFC 3987
grammar::RegexId IriReferenceRegex(grammar::RegexPool& pool);  // RFC 3987
grammar::RegexId UriTemplateRegex(grammar::RegexPool& pool);   // RFC 6570

}  // namespace sheepop::schema
