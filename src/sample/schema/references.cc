#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/quoted.h"
#include "sample/schema/keyword_readers.h"
#include "sample/schema/subschema.h"
#include "sample/schema/uri.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;

// Where a reference leads, dynamic scopes aside; nothing for one that is not followed (lenient).
std::optional<PlaceId> Target(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const std::string_view reference = subschema.Text(keyword, value);
  auto target = subschema.reader().places().Resolve(subschema.place(), reference);
  if (const PlaceId* const place = std::get_if<PlaceId>(&target)) return *place;
  const LostReference& lost = std::get<LostReference>(target);
  std::string message = fmt::format("{} is {}, which {}", keyword, Quoted(reference), lost.why);
  if (lost.category != ErrorCategory::kUnsupported) {
    subschema.reader().Invalid(subschema.place(), keyword, std::move(message));
  }
  subschema.reader().Unsupported(subschema.place(), keyword, std::move(message));
  return std::nullopt;
}

void Apply(Subschema& subschema, PlaceId target) {
  subschema.node.all_of.push_back(subschema.reader().NodeOf(target, subschema.scope()));
}

}  // namespace

void ReadRef(Subschema& subschema, std::string_view keyword, const json::value& value) {
  if (const auto target = Target(subschema, keyword, value)) Apply(subschema, *target);
}

void ReadDynamicRef(Subschema& subschema, std::string_view keyword, const json::value& value) {
  auto target = Target(subschema, keyword, value);
  if (!target) return;
  const std::string name = PercentDecoded(SplitFragment(subschema.Text(keyword, value)).second);
  for (const auto& [anchor, place] : subschema.reader().places().resource(*target).dynamic_anchors) {
    if (anchor != name || place != *target) continue;
    if (const auto outermost = subschema.reader().scopes().Outermost(subschema.scope(), name)) target = outermost;
    break;
  }
  Apply(subschema, *target);
}

void ReadRecursiveRef(Subschema& subschema, std::string_view keyword, const json::value& value) {
  if (subschema.Text(keyword, value) != "#") subschema.Invalid(keyword, value, "\"#\"");
  const Resource& resource = subschema.reader().places().resource(subschema.place());
  auto target = resource.root;
  if (resource.recursive_anchor) {
    target = subschema.reader().scopes().Outermost(subschema.scope(), Scopes::kRecursive).value_or(target);
  }
  Apply(subschema, target);
}

void ReadMetaschema(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const std::string_view metaschema = subschema.Text(keyword, value);
  const Resource& resource = subschema.reader().places().resource(subschema.place());
  if (resource.root == subschema.place() || DraftOf(metaschema) == resource.dialect.draft) return;
  subschema.reader().Warn(
      "other_draft", keyword, subschema.node.pointer,
      fmt::format("$schema is {} at {}, which has no $id: it is read as what stands around it, {}", Quoted(metaschema),
                  Quoted(subschema.node.pointer), Name(resource.dialect.draft)));
}

void ReadId(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const std::string_view fragment = SplitFragment(subschema.Text(keyword, value)).second;
  const Dialect dialect = subschema.dialect();
  if (fragment.empty() || dialect.Until7()) return;
  if (dialect.named)
    subschema.Invalid(keyword, value, "a URI without a fragment; a name within a schema is an $anchor");
  subschema.WarnOlder(keyword, "its fragment an anchor");
}

// As core.html of 2020-12 has it, section 8.2.2; 2019-09 allows a colon too.
void ReadAnchor(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const std::string_view name = subschema.Text(keyword, value);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':'; };
  if (name.empty() || !is_letter(name.front()) || !std::ranges::all_of(name, fits)) {
    subschema.Invalid(keyword, value, "a name: a letter or _, then letters, digits, -, _ and .");
  }
}

void ReadRecursiveAnchor(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.Bool(keyword, value);
}

void ReadDefinitions(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.Object(keyword, value);
  if (!subschema.dialect().Until7()) subschema.WarnOlder(keyword, "as $defs");
}

}  // namespace sheepop::schema
