#include "sample/schema/format_names.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "sample/grammar/pattern.h"
#include "sample/grammar/unicode_property.h"

namespace sheepop::schema {
namespace {

using grammar::CharSet;
using grammar::RegexId;
using grammar::RegexPool;

constexpr char32_t kLastOfTwoBytes = 0x7FF;
constexpr char32_t kLastOfThreeBytes = 0xFFFF;

RegexId Whole(std::string_view pattern, RegexPool& pool) {
  return grammar::ParsePattern(pattern, grammar::PatternMeaning::kWhole, pool);
}

constexpr std::string_view kLabel = "[A-Za-z0-9](?:[A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?";

// Texts of 1 to `most` bytes of UTF-8.
RegexId Octets(int most, RegexPool& pool) {
  const std::vector<RegexId> of_bytes = {pool.Chars(CharSet({{0, 0x7F}})),
                                         pool.Chars(CharSet({{0x80, kLastOfTwoBytes}})),
                                         pool.Chars(CharSet({{kLastOfTwoBytes + 1, kLastOfThreeBytes}})),
                                         pool.Chars(CharSet({{kLastOfThreeBytes + 1, 0x10FFFF}}))};
  std::vector<RegexId> up_to = {pool.Epsilon()};  // [n]: at most n bytes
  for (int n = 1; n <= most; ++n) {
    std::vector<RegexId> parts = {pool.Epsilon()};
    for (int bytes = 1; bytes <= 4 && bytes <= n; ++bytes)
      parts.push_back(pool.Concat(of_bytes[bytes - 1], up_to[n - bytes]));
    up_to.push_back(pool.Union(parts));
  }
  return pool.Intersection(up_to.back(), Whole("[^]+", pool));
}

// Behind the "@"; section 4.1.3 lets "::" stand for two groups or more.
RegexId AddressLiteral(RegexPool& pool) {
  const RegexId v6 = pool.Concat(Whole("[Ii][Pp][Vv]6:", pool), Ipv6Regex(6, pool));
  return pool.Concat(std::vector{pool.Text("["), pool.Union(Ipv4Regex(pool), v6), pool.Text("]")});
}

// A mailbox whose names may hold `more` besides ASCII, which is the inside of a class of characters.
RegexId Mailbox(std::string_view more, RegexId domain, RegexPool& pool) {
  const std::string atom = fmt::format("[A-Za-z0-9!#$%&'*+\\-/=?\\^_`{{|}}~{}]+", more);
  const std::string quoted = fmt::format("\"(?:[ !#-\\[\\]-~{}]|\\\\[ -~])*\"", more);
  const RegexId local = Whole(fmt::format("{0}(?:\\.{0})*|{1}", atom, quoted), pool);
  return pool.Concat(std::vector{pool.Intersection(local, Octets(64, pool)), pool.Text("@"),
                                 pool.Union(pool.Intersection(domain, Octets(255, pool)), AddressLiteral(pool))});
}

}  // namespace

RegexId Ipv4Regex(RegexPool& pool) {
  const std::string octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  return Whole(fmt::format("{0}(?:\\.{0}){{3}}", octet), pool);
}

RegexId Ipv6Regex(RegexPool& pool) { return Ipv6Regex(7, pool); }

RegexId Ipv6Regex(int most, RegexPool& pool) {
  const RegexId group = Whole("[0-9A-Fa-f]{1,4}", pool);
  const RegexId group_colon = Whole("[0-9A-Fa-f]{1,4}:", pool);
  const RegexId last_two = pool.Union(pool.Concat(group_colon, group), Ipv4Regex(pool));
  const auto left = [&](int groups) {  // up to so many
    if (groups == 0) return pool.Epsilon();
    const RegexId some = pool.Concat(pool.Repeat(group_colon, 0, static_cast<uint64_t>(groups - 1)), group);
    return pool.Union(pool.Epsilon(), some);
  };
  const auto right = [&](int groups) {
    if (groups == 0) return pool.Epsilon();
    if (groups == 1) return group;
    const uint64_t before = static_cast<uint64_t>(groups - 2);
    return pool.Concat(pool.Repeat(group_colon, before, before), last_two);
  };
  std::vector<RegexId> forms = {right(8)};
  for (int groups = 0; groups <= most; ++groups) {
    forms.push_back(pool.Concat(std::vector{left(most - groups), pool.Text("::"), right(groups)}));
  }
  return pool.Union(forms);
}

RegexId HostnameRegex(RegexPool& pool) {
  return pool.Intersection(std::vector{
      Whole(fmt::format("{0}(?:\\.{0})*", kLabel), pool),
      Whole("[^]{1,253}", pool),
      pool.Complement(Whole("(?:[^]*\\.)?[Xx][Nn]--[^]*", pool)),
  });
}

RegexId EmailRegex(RegexPool& pool) { return Mailbox("", Whole(fmt::format("{0}(?:\\.{0})*", kLabel), pool), pool); }

RegexId IdnEmailRegex(RegexPool& pool) {
  // Labels of letters, digits and marks, of which none begins with a mark. RFC 5890 leaves it to the registries to keep
  // others out, and a mailbox stays one where a label is not in its normal form.
  const std::string_view label = "[\\p{L}\\p{Nd}](?:[\\p{L}\\p{Nd}\\p{M}\\-]*[\\p{L}\\p{Nd}\\p{M}])?";
  return Mailbox("\\u{80}-\\u{10FFFF}", Whole(fmt::format("{0}(?:\\.{0})*", label), pool), pool);
}

}  // namespace sheepop::schema
