// Constraints by what was asked for, so that requests with an equal grammar share what is found out about it. One for each
// vocabulary. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sample/constraint.h"
#include "sample/options.h"
#include "sample/schema/json_schema.h"

namespace sheepop {

// What came of reading a grammar.
struct ReadConstraint {
  ReadConstraint(std::unique_ptr<grammar::Grammar> grammar, grammar::Symbol start,
                 std::shared_ptr<const TokenTable> table, schema::SchemaNotes noted)
      : constraint(std::move(grammar), start, std::move(table)), notes(std::move(noted)) {}

  Constraint constraint;
  schema::SchemaNotes notes;
};

// What to tell of it: what was read otherwise than it says, and what is not enforced.
std::vector<Warning> WarningsOf(const schema::SchemaNotes& notes);

class ConstraintCache {
 public:
  // What `options` asks for, which is given. Throws kInvalidArgument where more than one grammar is given, and what the
  // functions of sample/notation and sample/schema throw. `vocabulary` is always the same.
  std::shared_ptr<const ReadConstraint> Get(const ConstraintOptions& options, const SamplingVocabulary& vocabulary);

 private:
  std::mutex mutex_;
  std::shared_ptr<const TokenTable> table_;
  std::vector<std::pair<std::string, std::shared_ptr<const ReadConstraint>>> kept_;  // the latest last
};

}  // namespace sheepop
