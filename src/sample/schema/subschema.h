// One schema while its keywords are read into a node.
#pragma once

#include <fmt/core.h>

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sample/grammar/decimal.h"
#include "sample/schema/drafts.h"
#include "sample/schema/node.h"
#include "sample/schema/reader.h"

namespace sheepop::schema {

class Subschema {
 public:
  // Refers to `reader`.
  Subschema(Reader& reader, PlaceId place, ScopeId scope);

  Node Read();

  // For the readers of keywords.
  Node node;
  Reader& reader() { return reader_; }
  PlaceId place() const { return place_; }
  ScopeId scope() const { return scope_; }
  Dialect dialect() const { return reader_.places().resource(place_).dialect; }

  // The value of another keyword of this schema; null where it has none or its dialect does not read it.
  const boost::json::value* Sibling(std::string_view keyword) const;

  // Those of what stands in a keyword of this schema.
  NodeId Child(std::string_view keyword, const boost::json::value& schema);
  std::vector<NodeId> Children(std::string_view keyword, const boost::json::value& list);  // not empty
  std::vector<std::pair<std::string, NodeId>> NamedChildren(std::string_view keyword, const boost::json::value& object);

  // Typed values. All throw what Invalid throws.
  std::string_view Text(std::string_view keyword, const boost::json::value& value) const;
  bool Bool(std::string_view keyword, const boost::json::value& value) const;
  grammar::Decimal Number(std::string_view keyword, const boost::json::value& value) const;
  uint64_t Count(std::string_view keyword,
                 const boost::json::value& value) const;  // what is greater counts as 2^64 - 1
  const boost::json::object& Object(std::string_view keyword, const boost::json::value& value) const;
  std::vector<std::string> Names(std::string_view keyword, const boost::json::value& value);  // each once

  // SchemaError (kInvalidArgument): "KEYWORD is VALUE, must be WANTED".
  [[noreturn]] void Invalid(std::string_view keyword, const boost::json::value& value, std::string_view wanted) const;
  // That a form of older drafts is read in a schema that names none.
  void WarnOlder(std::string_view keyword, std::string_view meaning);

 private:
  void ReadKeyword(std::string_view name, const boost::json::value& value);
  void ReadReferenceAlone(const boost::json::object& schema);
  void TellIgnored(std::string_view name);
  std::string Where() const;  // for people

  Reader& reader_;
  PlaceId place_;
  ScopeId scope_;
};

}  // namespace sheepop::schema
