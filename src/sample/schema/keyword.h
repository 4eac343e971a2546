// The keywords of JSON Schema, a row each.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "sample/schema/drafts.h"

namespace sheepop::schema {

class Subschema;

// Where schemas stand in a keyword's value.
enum class Holds : uint8_t {
  kNoSchema,
  kSchema,
  kList,          // of schemas
  kNamed,         // an object of schemas
  kSchemaOrList,  // "items" of older drafts
  kNamedOrNames,  // "dependencies": an object of schemas or lists of names
};

struct Keyword {
  std::string_view name;
  uint8_t drafts = 0;  // that have it; none of them: one of draft 3
  Holds holds = Holds::kNoSchema;
  // Puts what it asks for into the node; nothing for an annotation.
  void (*read)(Subschema& subschema, std::string_view keyword, const boost::json::value& value) = nullptr;
  bool older = false;  // read without "$schema" too, though draft 2020-12 does not have it

  bool IsReadIn(Dialect dialect) const { return (drafts & dialect.draft) != 0 || (older && !dialect.named); }
};

// Null for a name that is a keyword of no draft.
const Keyword* FindKeyword(std::string_view name);

// ", did you mean required?" or nothing.
std::string KeywordLike(std::string_view name);

// Calls `visit` with each schema that stands in a keyword of `schema`, and its JSON pointer from there. What stands where a
// schema should, and is none, is visited too; what has another form than the keyword allows is passed over.
void ForEachSubschema(const boost::json::object& schema, Dialect dialect,
                      const std::function<void(const boost::json::value&, std::string path)>& visit);

}  // namespace sheepop::schema
