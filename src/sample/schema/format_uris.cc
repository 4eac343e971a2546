#include "sample/schema/format_uris.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "sample/grammar/pattern.h"
#include "sample/schema/format_names.h"

namespace sheepop::schema {
namespace {

using grammar::RegexId;
using grammar::RegexPool;

// Inside of a class of characters.
constexpr std::string_view kUnreserved = "A-Za-z0-9\\-._~";
constexpr std::string_view kSubDelimiters = "!$&'()*+,;=";
constexpr std::string_view kUcs =
    "\\u{A0}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFEF}\\u{10000}-\\u{1FFFD}\\u{20000}-\\u{2FFFD}\\u{30000}-\\u{"
    "3FFFD}"
    "\\u{40000}-\\u{4FFFD}\\u{50000}-\\u{5FFFD}\\u{60000}-\\u{6FFFD}\\u{70000}-\\u{7FFFD}\\u{80000}-\\u{8FFFD}"
    "\\u{90000}-\\u{9FFFD}\\u{A0000}-\\u{AFFFD}\\u{B0000}-\\u{BFFFD}\\u{C0000}-\\u{CFFFD}\\u{D0000}-\\u{DFFFD}"
    "\\u{E1000}-\\u{EFFFD}";
constexpr std::string_view kPrivate = "\\u{E000}-\\u{F8FF}\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}";
constexpr std::string_view kEncoded = "%[0-9A-Fa-f]{2}";

enum class Kind { kUri, kIri };

// The parts of a reference, by their names in RFC 3986 and 3987.
class Parts {
 public:
  Parts(Kind kind, RegexPool& pool)
      : pool_(pool), unreserved_(std::string(kUnreserved) + std::string(kind == Kind::kIri ? kUcs : "")), kind_(kind) {}

  RegexId Absolute() {
    return pool_.Concat(
        std::vector{Whole("[A-Za-z][A-Za-z0-9+\\-.]*:"), Hierarchy(Segment(":@", '+')), QueryAndFragment()});
  }

  RegexId Relative() { return pool_.Concat(Hierarchy(Segment("@", '+')), QueryAndFragment()); }

 private:
  RegexId Whole(std::string_view pattern) {
    return grammar::ParsePattern(pattern, grammar::PatternMeaning::kWhole, pool_);
  }

  // Characters of a name and `more`.
  std::string Segment(std::string_view more, char times) const {
    return fmt::format("(?:[{}{}{}]|{}){}", unreserved_, kSubDelimiters, more, kEncoded, times);
  }

  RegexId Authority() {
    const RegexId user = Whole(fmt::format("(?:{}@)?", Segment(":", '*')));
    const RegexId future = Whole(fmt::format("[vV][0-9A-Fa-f]+\\.[{}{}:]+", kUnreserved, kSubDelimiters));
    const RegexId literal =
        pool_.Concat(std::vector{pool_.Text("["), pool_.Union(Ipv6Regex(pool_), future), pool_.Text("]")});
    const RegexId name = Whole(Segment("", '*'));  // IPv4 addresses are such names too
    return pool_.Concat(std::vector{user, pool_.Union(literal, name), Whole("(?::[0-9]*)?")});
  }

  // What stands before the query; `first` is the first segment of a path that begins without a slash.
  RegexId Hierarchy(const std::string& first) {
    const std::string more = fmt::format("(?:/{})*", Segment(":@", '*'));
    return pool_.Union(std::vector{
        pool_.Concat(std::vector{pool_.Text("//"), Authority(), Whole(more)}),
        Whole(fmt::format("/(?:{}{})?", Segment(":@", '+'), more)),
        Whole(fmt::format("(?:{}{})?", first, more)),
    });
  }

  RegexId QueryAndFragment() {
    const std::string query = Segment(std::string(":@/?") + std::string(kind_ == Kind::kIri ? kPrivate : ""), '*');
    return Whole(fmt::format("(?:\\?{})?(?:#{})?", query, Segment(":@/?", '*')));
  }

  RegexPool& pool_;
  std::string unreserved_;
  Kind kind_;
};

}  // namespace

RegexId UriRegex(RegexPool& pool) { return Parts(Kind::kUri, pool).Absolute(); }
RegexId IriRegex(RegexPool& pool) { return Parts(Kind::kIri, pool).Absolute(); }

RegexId UriReferenceRegex(RegexPool& pool) {
  Parts parts(Kind::kUri, pool);
  return pool.Union(parts.Absolute(), parts.Relative());
}

RegexId IriReferenceRegex(RegexPool& pool) {
  Parts parts(Kind::kIri, pool);
  return pool.Union(parts.Absolute(), parts.Relative());
}

RegexId UriTemplateRegex(RegexPool& pool) {
  const std::string literal =
      fmt::format("[!#$&'(-;=?-\\[\\]_a-z~{}{}]|{}", kUcs, kPrivate, kEncoded);  // the apostrophe: erratum 6937
  const std::string character = fmt::format("(?:[A-Za-z0-9_]|{})", kEncoded);
  const std::string variable = fmt::format("{0}(?:\\.?{0})*(?:\\*|:[1-9][0-9]{{0,3}})?", character);
  return grammar::ParsePattern(fmt::format("(?:{0}|\\{{[+#./;?&=,!@|]?{1}(?:,{1})*\\}})*", literal, variable),
                               grammar::PatternMeaning::kWhole, pool);
}

}  // namespace sheepop::schema
