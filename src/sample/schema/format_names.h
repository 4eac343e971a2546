// The formats of hosts and mailboxes. Used by formats.cc and format_uris.cc alone.
#pragma once

#include "sample/grammar/regex.h"

namespace sheepop::schema {

grammar::RegexId Ipv4Regex(grammar::RegexPool& pool);  // RFC 2673, section 3.2
grammar::RegexId Ipv6Regex(grammar::RegexPool& pool);  // RFC 4291, section 2.2
// With "::" for at least 8 - `most` groups.
grammar::RegexId Ipv6Regex(int most, grammar::RegexPool& pool);

// RFC 1123. Without labels that begin with "xn--": which of them stand for a name is a matter of RFC 3492, and no regular
// one.
grammar::RegexId HostnameRegex(grammar::RegexPool& pool);
grammar::RegexId EmailRegex(grammar::RegexPool& pool);     // RFC 5321, Mailbox
grammar::RegexId IdnEmailRegex(grammar::RegexPool& pool);  // RFC 6531

}  // namespace sheepop::schema
