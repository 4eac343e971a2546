// Texts that a constraint allows, drawn at random.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "sample/constraint.h"

namespace sheepop::cli {

struct ExampleOptions {
  size_t count = 0;
  uint64_t seed = 0;
  bool by_tokens = false;  // each step draws from the mask of the tokens, not from the bytes that are allowed
};

inline constexpr size_t kExampleBytes = 200;       // an example seeks its end from there on
inline constexpr size_t kMostExampleBytes = 5000;  // and is given up there

struct Examples {
  std::vector<std::string> texts;  // those that came to their end
  size_t unfinished = 0;
};

// A pure function of its arguments. `words` are texts that are tried now and then where the constraint may allow them, so
// that what a schema names is met more often than by chance. Throws kInternal where nothing may follow a text that is not
// complete.
Examples DrawExamples(const Constraint& constraint, const std::vector<std::string>& words,
                      const ExampleOptions& options);

// The names, texts and numbers in a schema, as JSON writes them; each once.
std::vector<std::string> WordsOf(const boost::json::value& schema);

}  // namespace sheepop::cli
