// JSON Schema as a grammar: every keyword is enforced, or the schema is refused by name, or, where the caller is lenient,
// what is not enforced is listed. Drafts 4, 6, 7, 2019-09 and 2020-12 by $schema; 2020-12 where there is none, older forms
// read as older drafts do and told.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/warning.h"
#include "sample/grammar/grammar.h"

namespace sheepop::schema {

enum class Whitespace {
  kCompact,  // none
  kSpaced,   // one space behind each comma and colon
  kModel,    // at most one space behind commas and colons, or line breaks with an indent of two spaces a level
  kAny,      // whatever JSON allows, and as with white space so with the spelling: 1e0 for an integer, \u0061 in a name
};

enum class FormatUse { kAssert, kAnnotate };

struct SchemaOptions {
  bool any_order = false;  // members in any order; else in that of `properties`, what is not named there behind them
  Whitespace whitespace = Whitespace::kModel;
  size_t digits = 17;  // NumberForm::digits
  FormatUse format = FormatUse::kAssert;
  bool lenient = false;  // what cannot be enforced is listed, not refused
  bool operator==(const SchemaOptions&) const = default;
};

// Where a schema cannot be kept.
struct SchemaFault {
  std::string pointer;  // RFC 6901, of the (sub)schema that holds the keyword: "/properties/a"
  std::string keyword;  // "unevaluatedItems"; empty where it is the schema as a whole
  std::string message;  // for people
};

class SchemaError : public Error {
 public:
  SchemaError(ErrorCategory category, SchemaFault fault);
  const SchemaFault& fault() const { return fault_; }

 private:
  SchemaFault fault_;
};

struct SchemaNotes {
  std::vector<Warning> warnings;          // read as an older draft does, an unknown format, ...
  std::vector<SchemaFault> not_enforced;  // where lenient
};

// Adds the rules for the texts of the instances that `schema` (an object or a boolean) allows. Throws SchemaError:
// kUnsupported for what cannot be enforced (where not lenient), kInvalidArgument for what is no schema (a misspelt type, a
// $ref to nowhere, ...) or allows nothing at all, kLimit past a bound. `schema` is copied. Lazy: what a rule deep within
// cannot enforce is found here, not when it is reached.
grammar::Symbol AddJsonSchema(const boost::json::value& schema, const SchemaOptions& options, grammar::Grammar& grammar,
                              SchemaNotes& notes);

}  // namespace sheepop::schema
