#include "sample/schema/keyword.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <iterator>
#include <unordered_map>
#include <vector>

#include "base/did_you_mean.h"
#include "sample/schema/keyword_readers.h"
#include "sample/schema/uri.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;

constexpr Holds kNoSchema = Holds::kNoSchema, kSchema = Holds::kSchema, kList = Holds::kList, kNamed = Holds::kNamed;
constexpr bool kOlder = true;

constexpr Keyword kKeywords[] = {
    // The core. "$schema", "$id" and the anchors are read by Places; here it is seen that they have their form.
    {"$schema", kEveryDraft, kNoSchema, ReadMetaschema},
    {"$id", kSince6, kNoSchema, ReadId},
    {"id", kDraft4, kNoSchema, ReadId},
    {"$anchor", kSince2019, kNoSchema, ReadAnchor},
    {"$dynamicAnchor", kDraft2020, kNoSchema, ReadAnchor},
    {"$recursiveAnchor", kDraft2019, kNoSchema, ReadRecursiveAnchor},
    {"$ref", kEveryDraft, kNoSchema, ReadRef},
    {"$dynamicRef", kDraft2020, kNoSchema, ReadDynamicRef},
    {"$recursiveRef", kDraft2019, kNoSchema, ReadRecursiveRef},
    {"$defs", kSince2019, kNamed},
    {"definitions", kUntil7, kNamed, ReadDefinitions, kOlder},
    {"$vocabulary", kSince2019},
    {"$comment", kSince7},

    {"allOf", kEveryDraft, kList, ReadAllOf},
    {"anyOf", kEveryDraft, kList, ReadAnyOf},
    {"oneOf", kEveryDraft, kList, ReadOneOf},
    {"not", kEveryDraft, kSchema, ReadNot},
    {"if", kSince7, kSchema, ReadIf},
    {"then", kSince7, kSchema, ReadThen},
    {"else", kSince7, kSchema, ReadElse},

    {"type", kEveryDraft, kNoSchema, ReadType},
    {"enum", kEveryDraft, kNoSchema, ReadEnum},
    {"const", kSince6, kNoSchema, ReadConst},

    {"minimum", kEveryDraft, kNoSchema, ReadMinimum},
    {"maximum", kEveryDraft, kNoSchema, ReadMaximum},
    {"exclusiveMinimum", kEveryDraft, kNoSchema, ReadExclusiveMinimum},
    {"exclusiveMaximum", kEveryDraft, kNoSchema, ReadExclusiveMaximum},
    {"multipleOf", kEveryDraft, kNoSchema, ReadMultipleOf},

    {"minLength", kEveryDraft, kNoSchema, ReadMinLength},
    {"maxLength", kEveryDraft, kNoSchema, ReadMaxLength},
    {"pattern", kEveryDraft, kNoSchema, ReadPattern},
    {"format", kEveryDraft, kNoSchema, ReadFormat},

    {"items", kEveryDraft, Holds::kSchemaOrList, ReadItems},
    {"prefixItems", kDraft2020, kList, ReadPrefixItems},
    {"additionalItems", kUntil2019, kSchema, ReadAdditionalItems, kOlder},
    {"unevaluatedItems", kSince2019, kSchema, ReadUnevaluatedItems},
    {"contains", kSince6, kSchema, ReadContains},
    {"minContains", kSince2019, kNoSchema, ReadMinContains},
    {"maxContains", kSince2019, kNoSchema, ReadMaxContains},
    {"minItems", kEveryDraft, kNoSchema, ReadMinItems},
    {"maxItems", kEveryDraft, kNoSchema, ReadMaxItems},
    {"uniqueItems", kEveryDraft, kNoSchema, ReadUniqueItems},

    {"properties", kEveryDraft, kNamed, ReadProperties},
    {"patternProperties", kEveryDraft, kNamed, ReadPatternProperties},
    {"additionalProperties", kEveryDraft, kSchema, ReadAdditionalProperties},
    {"unevaluatedProperties", kSince2019, kSchema, ReadUnevaluatedProperties},
    {"propertyNames", kSince6, kSchema, ReadPropertyNames},
    {"required", kEveryDraft, kNoSchema, ReadRequired},
    {"minProperties", kEveryDraft, kNoSchema, ReadMinProperties},
    {"maxProperties", kEveryDraft, kNoSchema, ReadMaxProperties},
    {"dependentRequired", kSince2019, kNoSchema, ReadDependentRequired},
    {"dependentSchemas", kSince2019, kNamed, ReadDependentSchemas},
    {"dependencies", kUntil7, Holds::kNamedOrNames, ReadDependencies, kOlder},

    // Annotations.
    {"title", kEveryDraft},
    {"description", kEveryDraft},
    {"default", kEveryDraft},
    {"examples", kSince6},
    {"readOnly", kSince7},
    {"writeOnly", kSince7},
    {"deprecated", kSince2019},
    {"contentEncoding", kSince7},
    {"contentMediaType", kSince7},
    {"contentSchema", kSince2019, kSchema},

    // Of draft 3.
    {"divisibleBy"},
    {"disallow"},
    {"extends"},
};

using Visit = std::function<void(const json::value&, std::string path)>;

void VisitList(const json::value& value, const std::string& path, const Visit& visit) {
  if (!value.is_array()) return;
  size_t index = 0;
  for (const json::value& schema : value.get_array()) visit(schema, fmt::format("{}/{}", path, index++));
}

void VisitNamed(const json::value& value, const std::string& path, bool lists, const Visit& visit) {
  if (!value.is_object()) return;
  for (const auto& [name, schema] : value.get_object()) {
    if (lists || !schema.is_array()) visit(schema, fmt::format("{}/{}", path, PointerToken(name)));
  }
}

void VisitHeld(Holds holds, const json::value& value, const std::string& path, const Visit& visit) {
  switch (holds) {
    case Holds::kNoSchema: return;
    case Holds::kSchema: return visit(value, path);
    case Holds::kList: return VisitList(value, path, visit);
    case Holds::kNamed: return VisitNamed(value, path, true, visit);
    case Holds::kNamedOrNames: return VisitNamed(value, path, false, visit);
    case Holds::kSchemaOrList: return value.is_array() ? VisitList(value, path, visit) : visit(value, path);
  }
}

}  // namespace

const Keyword* FindKeyword(std::string_view name) {
  static const std::unordered_map<std::string_view, const Keyword*> kByName = [] {
    std::unordered_map<std::string_view, const Keyword*> by_name;
    for (const Keyword& keyword : kKeywords) by_name.emplace(keyword.name, &keyword);
    return by_name;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

std::string KeywordLike(std::string_view name) {
  std::vector<std::string_view> names;
  std::ranges::transform(kKeywords, std::back_inserter(names), &Keyword::name);
  return DidYouMean(name, names);
}

void ForEachSubschema(const json::object& schema, Dialect dialect, const Visit& visit) {
  for (const auto& [name, value] : schema) {
    const Keyword* const keyword = FindKeyword(name);
    if (keyword && keyword->IsReadIn(dialect))
      VisitHeld(keyword->holds, value, fmt::format("/{}", std::string_view(name)), visit);
  }
}

}  // namespace sheepop::schema
