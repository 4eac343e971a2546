// The way through a document: its schemas become nodes as they are reached, each once for each dynamic scope.
#pragma once

#include <boost/json/fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sample/schema/json_schema.h"
#include "sample/schema/node.h"
#include "sample/schema/places.h"
#include "sample/schema/scopes.h"

namespace sheepop::schema {

class Reader {
 public:
  static constexpr size_t kMostNodes = 100'000;
  static constexpr size_t kMostPointerBytes = size_t{64} << 20;  // of all nodes

  // Refers to all three.
  Reader(const boost::json::value& schema, const SchemaOptions& options, SchemaNotes& notes);

  Document Read();

  // The node of a schema that is met in a scope. It is filled in later.
  NodeId NodeOf(PlaceId place, ScopeId outer);

  // Throws; where `lenient`, what is not supported is listed.
  [[noreturn]] void Invalid(PlaceId place, std::string_view keyword, std::string message) const;
  void Unsupported(PlaceId place, std::string_view keyword, std::string message);
  // Once for each code and thing.
  void Warn(std::string_view code, std::string_view thing, std::string value, std::string line);

  const SchemaOptions& options() const { return options_; }
  Places& places() { return places_; }
  const Scopes& scopes() const { return scopes_; }

 private:
  struct Waiting {
    NodeId node;
    PlaceId place;
    ScopeId scope;
  };
  void RefuseCircles() const;

  const SchemaOptions& options_;
  SchemaNotes& notes_;
  Places places_;
  Scopes scopes_;
  Document document_;
  std::vector<PlaceId> place_of_;  // by NodeId
  std::unordered_map<uint64_t, NodeId> known_;
  std::vector<Waiting> waiting_;
  std::set<std::string> told_;
  size_t pointer_bytes_ = 0;
};

}  // namespace sheepop::schema
