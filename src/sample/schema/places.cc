#include "sample/schema/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/quoted.h"
#include "sample/schema/json_schema.h"
#include "sample/schema/keyword.h"
#include "sample/schema/uri.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;

void CheckLevels(const json::value& document) {
  std::vector<std::pair<const json::value*, size_t>> waiting{{&document, 1}};
  while (!waiting.empty()) {
    const auto [value, level] = waiting.back();
    waiting.pop_back();
    if (level > Places::kMostLevels) {
      throw SchemaError(ErrorCategory::kLimit,
                        {"", "", fmt::format("it nests deeper than {} levels", Places::kMostLevels)});
    }
    if (value->is_array()) {
      for (const json::value& part : value->get_array()) waiting.emplace_back(&part, level + 1);
    } else if (value->is_object()) {
      for (const auto& [name, part] : value->get_object()) waiting.emplace_back(&part, level + 1);
    }
  }
}

std::optional<std::string_view> TextAt(const json::object& schema, std::string_view keyword) {
  const json::value* const value = schema.if_contains(keyword);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

// The URI that a schema gives itself; beside a reference of older drafts it gives itself none.
std::optional<std::string_view> IdOf(const json::object& schema, Dialect dialect) {
  if (dialect.Until7() && TextAt(schema, "$ref")) return std::nullopt;
  return TextAt(schema, dialect.draft == kDraft4 ? "id" : "$id");
}

// "$id": "#name" names a place within the resource around it, in older drafts.
bool IsAnchor(std::string_view fragment, Dialect dialect) {
  return !fragment.empty() && fragment[0] != '/' && (dialect.Until7() || !dialect.named);
}

const json::value* Step(const json::value& value, const std::string& token) {
  if (value.is_object()) return value.get_object().if_contains(token);
  if (!value.is_array()) return nullptr;
  const bool digits =
      !token.empty() && token.size() < 10 && std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (token.size() > 1 && token[0] == '0')) return nullptr;
  return value.get_array().if_contains(std::stoul(token));
}

LostReference Nowhere(std::string_view problem) { return {ErrorCategory::kInvalidArgument, std::string(problem)}; }

}  // namespace

Places::Places(const json::value& document) {
  CheckLevels(document);
  Add(document, std::nullopt, "");
}

void Places::Add(const json::value& schema, std::optional<PlaceId> holder, std::string path) {
  std::vector<PlaceId> waiting{AddOne(schema, holder, std::move(path))};
  while (!waiting.empty()) {
    const PlaceId id = waiting.back();
    waiting.pop_back();
    const json::value& value = *(*this)[id].schema;
    if (!value.is_object()) continue;
    const size_t first = waiting.size();
    ForEachSubschema(value.get_object(), resource(id).dialect, [&](const json::value& part, std::string part_path) {
      if (!by_schema_.contains(&part)) waiting.push_back(AddOne(part, id, std::move(part_path)));
    });
    std::reverse(waiting.begin() + static_cast<ptrdiff_t>(first), waiting.end());
  }
}

PlaceId Places::AddOne(const json::value& schema, std::optional<PlaceId> holder, std::string path) {
  const PlaceId id{static_cast<uint32_t>(places_.size())};
  places_.push_back({&schema, holder ? (*this)[*holder].resource : ResourceId{0}, holder, std::move(path)});
  by_schema_.emplace(&schema, id);
  Identify(id);
  return id;
}

// Finds the resource of a new place, and the names that it gives itself.
void Places::Identify(PlaceId id) {
  Place& place = places_[static_cast<size_t>(id)];
  static const json::object kNone;
  const json::object& schema = place.schema->is_object() ? place.schema->get_object() : kNone;
  const auto metaschema = TextAt(schema, "$schema");
  Dialect dialect = place.holder ? resource(id).dialect : Dialect{};
  const std::optional<Draft> draft = metaschema ? DraftOf(*metaschema) : std::nullopt;
  const Dialect own = draft ? Dialect{*draft, true} : dialect;
  const auto [uri, fragment] = SplitFragment(IdOf(schema, own).value_or(""));
  if (!place.holder || !uri.empty()) {
    const std::string base = place.holder ? resource(id).uri : "";
    place.resource = AddResource(id, ResolveUri(base, uri), own);
    if (metaschema && !draft) {
      Resource& made = resources_.back();
      made.dialect = Dialect{};
      made.unknown_metaschema = *metaschema;
    }
    dialect = resource(id).dialect;
  }
  if (IsAnchor(fragment, dialect)) AddAnchor(place.resource, PercentDecoded(fragment), id);
  const auto anchor_of = [&](std::string_view keyword) -> std::string_view {
    return FindKeyword(keyword)->IsReadIn(dialect) ? TextAt(schema, keyword).value_or("") : "";
  };
  AddAnchor(place.resource, anchor_of("$anchor"), id);
  if (const std::string_view name = anchor_of("$dynamicAnchor"); !name.empty()) {
    AddAnchor(place.resource, name, id);
    resources_[static_cast<size_t>(place.resource)].dynamic_anchors.emplace_back(name, id);
  }
}

ResourceId Places::AddResource(PlaceId root, std::string uri, Dialect dialect) {
  const ResourceId id{static_cast<uint32_t>(resources_.size())};
  Resource& made = resources_.emplace_back(Resource{root, std::move(uri), dialect, {}, {}, {}, false});
  const json::value& schema = *(*this)[root].schema;
  const json::value* const recursive =
      schema.is_object() ? schema.get_object().if_contains("$recursiveAnchor") : nullptr;
  made.recursive_anchor = dialect.draft == kDraft2019 && recursive && recursive->is_bool() && recursive->get_bool();
  const auto [known, is_new] = by_uri_.emplace(made.uri, id);
  if (!is_new) known->second.reset();
  return id;
}

void Places::AddAnchor(ResourceId resource, std::string_view name, PlaceId place) {
  if (name.empty()) return;
  const auto [known, is_new] = resources_[static_cast<size_t>(resource)].anchors.emplace(name, place);
  if (!is_new && known->second != place) known->second.reset();
}

std::string Places::Pointer(PlaceId id) const {
  std::vector<std::string_view> paths;
  for (std::optional<PlaceId> at = id; at; at = (*this)[*at].holder) paths.push_back((*this)[*at].path);
  return fmt::format("{}", fmt::join(paths.rbegin(), paths.rend(), ""));
}

size_t Places::PointerSize(PlaceId id) const {
  size_t size = 0;
  for (std::optional<PlaceId> at = id; at; at = (*this)[*at].holder) size += (*this)[*at].path.size();
  return size;
}

std::variant<PlaceId, LostReference> Places::Resolve(PlaceId from, std::string_view reference) {
  const auto [uri, encoded] = SplitFragment(reference);
  ResourceId target = (*this)[from].resource;
  if (!uri.empty()) {
    const std::string absolute = ResolveUri(resource(target).uri, uri);
    const auto found = by_uri_.find(absolute);
    if (found == by_uri_.end() && DraftOf(absolute)) {
      return LostReference{ErrorCategory::kUnsupported,
                           "leads to the metaschema of " + std::string(Name(*DraftOf(absolute))) +
                               ", which is not part of this program: write down what is needed"};
    }
    if (found == by_uri_.end()) {
      return LostReference{
          ErrorCategory::kUnsupported,
          fmt::format("leads to {}, which is not part of the schema; nothing is fetched: put it under $defs "
                      "with its $id",
                      Quoted(absolute))};
    }
    if (!found->second)
      return Nowhere(fmt::format("leads to {}, which several schemas have as their $id", Quoted(absolute)));
    target = *found->second;
  }
  const std::string fragment = PercentDecoded(encoded);
  if (fragment.empty()) return resource(target).root;
  if (fragment[0] == '/') return ByPointer(target, fragment);
  const auto& anchors = resource(target).anchors;
  const auto anchor = anchors.find(fragment);
  if (anchor == anchors.end())
    return Nowhere(fmt::format("leads to the anchor {}, which no schema has", Quoted(fragment)));
  if (!anchor->second)
    return Nowhere(fmt::format("leads to the anchor {}, which several schemas have", Quoted(fragment)));
  return *anchor->second;
}

std::variant<PlaceId, LostReference> Places::ByPointer(ResourceId resource, std::string_view pointer) {
  PlaceId last = this->resource(resource).root;
  const json::value* value = (*this)[last].schema;
  std::string path;
  for (std::string_view rest = pointer; !rest.empty();) {
    const size_t end = std::min(rest.find('/', 1), rest.size());
    const std::string token = FromPointerToken(rest.substr(1, end - 1));
    rest.remove_prefix(end);
    value = Step(*value, token);
    if (!value) return Nowhere(fmt::format("leads to {}, where nothing stands", Quoted(pointer)));
    path += '/';
    path += PointerToken(token);
    if (const auto known = by_schema_.find(value); known != by_schema_.end()) {
      last = known->second;
      path.clear();
    }
  }
  if (!value->is_object() && !value->is_bool()) {
    return Nowhere(fmt::format("leads to {}, which is no schema", Quoted(pointer)));
  }
  if (!path.empty()) Add(*value, last, std::move(path));
  return Of(*value);
}

}  // namespace sheepop::schema
