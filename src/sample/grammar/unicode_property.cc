#include "sample/grammar/unicode_property.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/utf8.h"

namespace sheepop::grammar {
namespace {

// ECMA-262, table 68: the values of General_Category, and their short names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 43> kCategories = {{
    {"Cased_Letter", "L&"},
    {"LC", "L&"},
    {"Close_Punctuation", "Pe"},
    {"Connector_Punctuation", "Pc"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Currency_Symbol", "Sc"},
    {"Dash_Punctuation", "Pd"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Enclosing_Mark", "Me"},
    {"Final_Punctuation", "Pf"},
    {"Format", "Cf"},
    {"Initial_Punctuation", "Pi"},
    {"Letter", "L"},
    {"Letter_Number", "Nl"},
    {"Line_Separator", "Zl"},
    {"Lowercase_Letter", "Ll"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Math_Symbol", "Sm"},
    {"Modifier_Letter", "Lm"},
    {"Modifier_Symbol", "Sk"},
    {"Nonspacing_Mark", "Mn"},
    {"Number", "N"},
    {"Open_Punctuation", "Ps"},
    {"Other", "C"},
    {"Other_Letter", "Lo"},
    {"Other_Number", "No"},
    {"Other_Punctuation", "Po"},
    {"Other_Symbol", "So"},
    {"Paragraph_Separator", "Zp"},
    {"Private_Use", "Co"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Spacing_Mark", "Mc"},
    {"Surrogate", "Cs"},
    {"Symbol", "S"},
    {"Titlecase_Letter", "Lt"},
    {"Unassigned", "Cn"},
    {"Uppercase_Letter", "Lu"},
}};

constexpr std::string_view kShortCategories =
    " C Cc Cf Cn Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs ";

// ECMA-262, table 69, as far as PCRE2 has them.
constexpr std::string_view kBinary =
    " ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Bidi_Control Bidi_C Bidi_Mirrored Bidi_M Case_Ignorable CI Cased "
    "Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM Changes_When_Lowercased CWL Changes_When_Titlecased CWT "
    "Changes_When_Uppercased CWU Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia Emoji "
    "Emoji_Component EComp Emoji_Modifier EMod Emoji_Modifier_Base EBase Emoji_Presentation EPres "
    "Extended_Pictographic ExtPict Extender Ext Grapheme_Base Gr_Base Grapheme_Extend Gr_Ext Hex_Digit Hex "
    "IDS_Binary_Operator IDSB IDS_Trinary_Operator IDST ID_Continue IDC ID_Start IDS Ideographic Ideo Join_Control "
    "Join_C Logical_Order_Exception LOE Lowercase Lower Math Noncharacter_Code_Point NChar Pattern_Syntax Pat_Syn "
    "Pattern_White_Space Pat_WS Quotation_Mark QMark Radical Regional_Indicator RI Sentence_Terminal STerm "
    "Soft_Dotted SD Terminal_Punctuation Term Unified_Ideograph UIdeo Uppercase Upper Variation_Selector VS "
    "White_Space space XID_Continue XIDC XID_Start XIDS ";

bool Lists(std::string_view names, std::string_view name) {
  return names.find(fmt::format(" {} ", name)) != std::string_view::npos;
}

std::string CategoryOf(std::string_view name) {
  if (Lists(kShortCategories, name)) return std::string(name);
  const auto at =
      std::find_if(kCategories.begin(), kCategories.end(), [&](const auto& row) { return row.first == name; });
  return at == kCategories.end() ? "" : std::string(at->second);
}

// PCRE2's name of the property; empty where it is unknown.
std::string Translated(std::string_view expression) {
  const size_t equals = expression.find('=');
  if (equals == std::string_view::npos) {
    if (Lists(kBinary, expression)) return std::string(expression);
    return CategoryOf(expression);
  }
  const std::string_view name = expression.substr(0, equals);
  const std::string_view value = expression.substr(equals + 1);
  if (name == "General_Category" || name == "gc") return CategoryOf(value);
  if (name == "Script" || name == "sc") return "sc:" + std::string(value);
  if (name == "Script_Extensions" || name == "scx") return "scx:" + std::string(value);
  return "";
}

const std::string& EveryCharacter() {
  static const std::string text = [] {
    const CharSet set = CharSet::All();
    std::string all;
    for (const CharSet::Range& range : set.ranges()) {
      for (char32_t c = range.first; c <= range.last; ++c) AppendUtf8(c, all);
    }
    return all;
  }();
  return text;
}

// Run by run, each of characters that have the property or of those that lack it: to look for the next that has it costs
// PCRE2 twenty times as much.
std::optional<CharSet> CharactersWith(const std::string& property) {
  const std::string pattern = fmt::format("(\\p{{{0}}}++)|\\P{{{0}}}++", property);
  int error = 0;
  PCRE2_SIZE error_offset = 0;
  const std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_ANCHORED, &error,
                    &error_offset, nullptr),
      &pcre2_code_free);
  if (!code) return std::nullopt;
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create_from_pattern(code.get(), nullptr), &pcre2_match_data_free);
  const std::string& text = EveryCharacter();
  std::vector<CharSet::Range> ranges;
  for (size_t from = 0; from < text.size();) {
    const int groups = pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                   PCRE2_NO_UTF_CHECK, match.get(), nullptr);
    if (groups < 1) return std::nullopt;
    const size_t end = pcre2_get_ovector_pointer(match.get())[1];
    size_t last = end - 1;
    while ((static_cast<uint8_t>(text[last]) & 0xC0U) == 0x80) --last;
    if (groups == 2) {
      ranges.push_back({DecodeUtf8(std::string_view(text).substr(from)).code_point,
                        DecodeUtf8(std::string_view(text).substr(last)).code_point});
    }
    from = end;
  }
  return CharSet(std::move(ranges));
}

}  // namespace

std::optional<CharSet> UnicodeProperty(std::string_view expression) {
  static std::mutex mutex;
  static std::map<std::string, CharSet> known;
  if (expression == "Any") return CharSet::All();
  if (expression == "Assigned") {
    const std::optional<CharSet> unassigned = UnicodeProperty("Cn");
    if (!unassigned) return std::nullopt;
    return unassigned->Complement();
  }
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '=';
  };
  const std::string name = Translated(expression);
  if (name.empty() || !std::all_of(expression.begin(), expression.end(), is_name)) return std::nullopt;
  const std::lock_guard lock(mutex);
  if (const auto at = known.find(name); at != known.end()) return at->second;
  std::optional<CharSet> set = CharactersWith(name);
  if (set) known.emplace(name, *set);
  return set;
}

}  // namespace sheepop::grammar
