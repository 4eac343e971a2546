#include "sample/schema/formats.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sample/grammar/pattern.h"
#include "sample/schema/format_dates.h"
#include "sample/schema/format_names.h"
#include "sample/schema/format_uris.h"

namespace sheepop::schema {
namespace {

using grammar::RegexId;
using grammar::RegexPool;

RegexId Whole(std::string_view pattern, RegexPool& pool) {
  return grammar::ParsePattern(pattern, grammar::PatternMeaning::kWhole, pool);
}

RegexId Uuid(RegexPool& pool) { return Whole("[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", pool); }

RegexId JsonPointer(RegexPool& pool) { return Whole("(?:/(?:[^~/]|~[01])*)*", pool); }

RegexId RelativeJsonPointer(RegexPool& pool) { return Whole("(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)", pool); }

struct Format {
  std::string_view name;
  RegexId (*make)(RegexPool&);  // null: no regular language
};

constexpr std::array kFormats = {
    Format{"date", DateRegex},
    Format{"date-time", DateTimeRegex},
    Format{"duration", DurationRegex},
    Format{"email", EmailRegex},
    Format{"hostname", HostnameRegex},
    Format{"idn-email", IdnEmailRegex},
    Format{"idn-hostname", nullptr},
    Format{"ipv4", Ipv4Regex},
    Format{"ipv6", Ipv6Regex},
    Format{"iri", IriRegex},
    Format{"iri-reference", IriReferenceRegex},
    Format{"json-pointer", JsonPointer},
    Format{"regex", nullptr},
    Format{"relative-json-pointer", RelativeJsonPointer},
    Format{"time", TimeRegex},
    Format{"uri", UriRegex},
    Format{"uri-reference", UriReferenceRegex},
    Format{"uri-template", UriTemplateRegex},
    Format{"uuid", Uuid},
};

const Format* Find(std::string_view name) {
  const auto* found = std::ranges::find(kFormats, name, &Format::name);
  return found == kFormats.end() ? nullptr : found;
}

}  // namespace

std::optional<RegexId> FormatRegex(std::string_view format, RegexPool& pool) {
  const Format* found = Find(format);
  if (found == nullptr || found->make == nullptr) return std::nullopt;
  return found->make(pool);
}

bool IsKnownFormat(std::string_view format) { return Find(format) != nullptr; }

}  // namespace sheepop::schema
