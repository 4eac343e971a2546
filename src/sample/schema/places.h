// Where the schemas of a document stand, what names them, and where references from one to another lead.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "sample/schema/drafts.h"

namespace sheepop::schema {

enum class PlaceId : uint32_t {};     // of a schema
enum class ResourceId : uint32_t {};  // of the document or of a part of it with a URI of its own ("$id")

struct Place {
  const boost::json::value* schema;
  ResourceId resource;
  std::optional<PlaceId> holder;  // a schema around it; the root has none
  std::string path;               // JSON pointer from there
};

struct Resource {
  PlaceId root;
  std::string uri;  // without a fragment; empty or relative as far as the document does not say more
  Dialect dialect;
  std::optional<std::string> unknown_metaschema;                    // that "$schema" names; the dialect is then a guess
  std::unordered_map<std::string, std::optional<PlaceId>> anchors;  // nothing: of several places
  std::vector<std::pair<std::string, PlaceId>> dynamic_anchors;     // they stand in `anchors` too
  bool recursive_anchor = false;                                    // "$recursiveAnchor": true
};

// Why a reference leads nowhere.
struct LostReference {
  ErrorCategory
      category;     // kUnsupported: to another document; kInvalidArgument: to a place that this one does not have
  std::string why;  // "leads to ..., which is ..."
};

// Refers to the document. Time and memory are linear in it.
class Places {
 public:
  static constexpr size_t kMostLevels = 200;  // of JSON within JSON

  // Throws SchemaError (kLimit) for a document of more levels.
  explicit Places(const boost::json::value& document);

  PlaceId root() const { return PlaceId{0}; }
  const Place& operator[](PlaceId id) const { return places_[static_cast<size_t>(id)]; }
  const Resource& resource(PlaceId id) const { return resource((*this)[id].resource); }
  const Resource& resource(ResourceId id) const { return resources_[static_cast<size_t>(id)]; }

  // Of a schema that stands in a keyword of one that has a place.
  PlaceId Of(const boost::json::value& schema) const { return by_schema_.at(&schema); }
  std::string Pointer(PlaceId id) const;  // RFC 6901, from the root of the document
  size_t PointerSize(PlaceId id) const;

  // Where the value of a "$ref" in `from` leads. What a JSON pointer leads to becomes a place, if it was none.
  std::variant<PlaceId, LostReference> Resolve(PlaceId from, std::string_view reference);

 private:
  void Add(const boost::json::value& schema, std::optional<PlaceId> holder, std::string path);
  PlaceId AddOne(const boost::json::value& schema, std::optional<PlaceId> holder, std::string path);
  void Identify(PlaceId id);
  ResourceId AddResource(PlaceId root, std::string uri, Dialect dialect);
  void AddAnchor(ResourceId resource, std::string_view name, PlaceId place);
  std::variant<PlaceId, LostReference> ByPointer(ResourceId resource, std::string_view pointer);

  std::vector<Place> places_;
  std::unordered_map<const boost::json::value*, PlaceId> by_schema_;
  std::vector<Resource> resources_;
  std::unordered_map<std::string, std::optional<ResourceId>> by_uri_;  // nothing: of several resources
};

}  // namespace sheepop::schema
