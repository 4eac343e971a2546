// Random small schemas against random small instances, and random walks through their grammars.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <random>

#include "sample/grammar/automaton.h"
#include "sample/schema/json_schema.h"
#include "sample/schema/testing_validator.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  size_t Below(size_t n) { return random_() % n; }
  bool Chance(size_t percent) { return Below(100) < percent; }
  template <typename T>
  T Pick(std::initializer_list<T> list) {
    return *(list.begin() + Below(list.size()));
  }
  std::string Name() { return Pick<std::string>({"a", "b", "c"}); }

  json::value Scalar() {
    switch (Below(6)) {
      case 0: return nullptr;
      case 1: return Chance(50);
      case 2:
      case 3: return Pick<json::value>({-1, 0, 1, 2, 3, 1.5, 2.0});
      default: return Pick<json::value>({"", "a", "b", "ab", "ba", "abc"});
    }
  }

  json::value Instance(int depth) {
    if (depth == 0 || Chance(35)) return Scalar();
    if (Chance(45)) {
      json::array array;
      for (size_t n = Below(4); n > 0; --n) array.push_back(Instance(depth - 1));
      return array;
    }
    json::object object;
    for (size_t n = Below(4); n > 0; --n) object[Pick<std::string>({"a", "b", "c", "d", "ab"})] = Instance(depth - 1);
    return object;
  }

  json::array Schemas(int depth, size_t least, size_t more) {
    json::array array;
    for (size_t n = least + Below(more); n > 0; --n) array.push_back(Schema(depth - 1));
    return array;
  }

  json::value Schema(int depth) {
    if (Chance(8)) return Chance(70);
    json::object schema;
    const size_t keywords = 1 + Below(depth > 1 ? 4 : 2);
    for (size_t i = 0; i < keywords; ++i) Add(schema, depth);
    return schema;
  }

 private:
  void Add(json::object& schema, int depth) {
    const size_t kind = Below(depth > 0 ? 12 : 4);
    if (kind < 2) {
      schema["type"] = Pick<json::value>({"null", "boolean", "integer", "number", "string", "array", "object", "array",
                                          "object", json::array{"string", "object"}, json::array{"integer", "array"}});
    } else if (kind < 4) {
      AddOfScalars(schema);
    } else if (kind < 7) {
      AddOfMembers(schema, depth);
    } else if (kind < 9) {
      AddOfItems(schema, depth);
    } else {
      AddApplicator(schema, depth);
    }
  }

  void AddOfScalars(json::object& schema) {
    switch (Below(9)) {
      case 0: schema["enum"] = json::array{Scalar(), Instance(1), Instance(2)}; return;
      case 1: schema["const"] = Instance(1); return;
      case 2: schema[Pick<std::string>({"minimum", "exclusiveMinimum"})] = Pick<json::value>({-1, 0, 1, 1.5}); return;
      case 3: schema[Pick<std::string>({"maximum", "exclusiveMaximum"})] = Pick<json::value>({0, 1, 2, 1.5}); return;
      case 4: schema["multipleOf"] = Pick<json::value>({1, 2, 0.5}); return;
      case 5: schema["minLength"] = Below(3); return;
      case 6: schema["maxLength"] = Below(3); return;
      default: schema["pattern"] = Pick<json::value>({"a", "^a", "b$", "^[ab]*$"});
    }
  }

  void AddOfMembers(json::object& schema, int depth) {
    switch (Below(12)) {
      case 0:
      case 1:
      case 2: {
        json::object properties;
        for (size_t n = 1 + Below(2); n > 0; --n) properties[Name()] = Schema(depth - 1);
        schema["properties"] = std::move(properties);
        return;
      }
      case 3: schema["required"] = Chance(50) ? json::array{"a"} : json::array{"a", "b"}; return;
      case 4: schema["additionalProperties"] = Schema(depth - 1); return;
      case 5:
        schema["patternProperties"] = json::object{{Pick<std::string>({"a", "^b", "c$"}), Schema(depth - 1)}};
        return;
      case 6: schema["propertyNames"] = Schema(0); return;
      case 7: schema["minProperties"] = Below(3); return;
      case 8: schema["maxProperties"] = Below(3); return;
      case 9: schema["dependentRequired"] = json::object{{Name(), json::array{Name()}}}; return;
      case 10: schema["dependentSchemas"] = json::object{{Name(), Schema(depth - 1)}}; return;
      default: schema["unevaluatedProperties"] = Schema(depth - 1);
    }
  }

  void AddOfItems(json::object& schema, int depth) {
    switch (Below(9)) {
      case 0: schema["items"] = Schema(depth - 1); return;
      case 1: schema["prefixItems"] = Schemas(depth, 1, 2); return;
      case 2: schema["minItems"] = Below(3); return;
      case 3: schema["maxItems"] = Below(3); return;
      case 4: schema["contains"] = Schema(depth - 1); return;
      case 5:
        schema["contains"] = Schema(depth - 1);
        schema["minContains"] = Below(3);
        return;
      case 6:
        schema["contains"] = Schema(depth - 1);
        schema["maxContains"] = Below(3);
        return;
      case 7: schema["uniqueItems"] = true; return;
      default: schema["unevaluatedItems"] = Schema(depth - 1);
    }
  }

  void AddApplicator(json::object& schema, int depth) {
    switch (Below(6)) {
      case 0: schema["allOf"] = Schemas(depth, 1, 2); return;
      case 1: schema["anyOf"] = Schemas(depth, 1, 3); return;
      case 2:
      case 3: schema["oneOf"] = Schemas(depth, 1, 3); return;
      case 4: schema["not"] = Schema(depth - 1); return;
      default:
        schema["if"] = Schema(depth - 1);
        if (Chance(70)) schema["then"] = Schema(depth - 1);
        if (Chance(70)) schema["else"] = Schema(depth - 1);
    }
  }

  std::mt19937_64 random_;
};

SchemaOptions Anything() {
  SchemaOptions options;
  options.any_order = true;
  options.whitespace = Whitespace::kAny;
  options.digits = 0;
  return options;
}

bool Accepts(grammar::Automaton& automaton, std::string_view text) {
  grammar::Automaton::State state = automaton.Start();
  for (const char byte : text) state = automaton.Next(state, static_cast<uint8_t>(byte));
  return state != grammar::Automaton::kDead && automaton.Accepts(state);
}

// A text by random bytes that are allowed, towards the end ones that close; empty where that leads nowhere within bounds.
// Says in `dead` what was written where nothing may follow.
std::string Walk(grammar::Automaton& automaton, Generator& random, std::string& dead) {
  constexpr std::string_view kLikely = "{}[]\",:abcd0123";
  std::string text;
  grammar::Automaton::State state = automaton.Start();
  for (size_t i = 0; i < 400; ++i) {
    if (automaton.Accepts(state) && (i > 30 || random.Chance(30))) return text;
    const ByteSet allowed = automaton.Allowed(state);
    std::string bytes;
    for (const char byte : kLikely) {
      if (allowed.Has(static_cast<uint8_t>(byte))) bytes += byte;
    }
    for (size_t byte = 0; byte < 256 && (bytes.empty() || random.Chance(1)); ++byte) {
      if (allowed.Has(static_cast<uint8_t>(byte))) bytes += static_cast<char>(byte);
    }
    if (bytes.empty()) {
      if (!automaton.Accepts(state)) dead = text;
      return automaton.Accepts(state) ? text : "";
    }
    char byte = bytes[random.Below(bytes.size())];
    for (const char closing : std::string_view("}]\"")) {
      if (i > 30 && random.Chance(60) && bytes.find(closing) != std::string::npos) byte = closing;
    }
    text += byte;
    state = automaton.Next(state, static_cast<uint8_t>(byte));
    if (state == grammar::Automaton::kDead) {
      dead = text;
      return "";
    }
  }
  return "";
}

size_t LongestNumber(std::string_view text) {
  size_t longest = 0, run = 0;
  for (const char byte : text) longest = std::max(longest, run = byte >= '0' && byte <= '9' ? run + 1 : 0);
  return longest;
}

class Trial {
 public:
  void Run(uint64_t seed) {
    Generator random(seed);
    const json::value schema = random.Schema(3);
    SCOPED_TRACE(json::serialize(schema));
    SchemaNotes notes;
    const Document document = ReadSchema(schema, Anything(), notes);
    testing::Validator validator(document);
    auto grammar = std::make_unique<grammar::Grammar>();
    std::unique_ptr<grammar::Automaton> automaton;
    try {
      const grammar::Symbol start = AddJsonSchema(schema, Anything(), *grammar, notes);
      automaton = std::make_unique<grammar::Automaton>(std::move(grammar), start);
    } catch (const SchemaError& error) {
      ++refused[error.fault().keyword + " " + error.fault().message];
      if (error.category() != ErrorCategory::kInvalidArgument) return;
    }
    ++tried;
    for (size_t i = 0; i < 60; ++i) {
      const json::value instance = random.Instance(3);
      const bool valid = validator.Validates(instance);
      valids += valid;
      ASSERT_EQ(automaton && Accepts(*automaton, json::serialize(instance)), valid) << json::serialize(instance);
    }
    for (size_t i = 0; automaton && i < 10; ++i) {
      std::string dead;
      const std::string text = Walk(*automaton, random, dead);
      ASSERT_EQ(dead, "");
      if (text.empty() || LongestNumber(text) > 15) continue;  // the validator has them as doubles
      ++finished;
      ASSERT_TRUE(validator.Validates(json::parse(text))) << text;
    }
  }

  std::map<std::string, size_t> refused;
  size_t tried = 0, valids = 0, finished = 0;
};

TEST(RandomSchemas, AcceptWhatTheSpecificationAccepts) {
  Trial trial;
  constexpr uint64_t kSchemas = 2000;
  for (uint64_t seed = 0; seed < kSchemas && !HasFatalFailure(); ++seed) {
    try {
      trial.Run(seed);
    } catch (const Error& error) {  // of the automaton: more ways than it follows
      ASSERT_EQ(error.category(), ErrorCategory::kLimit) << error.what();
      ++trial.refused[error.what()];
    }
  }
  std::string refused;
  for (const auto& [message, count] : trial.refused) refused += std::to_string(count) + " " + message + "\n";
  EXPECT_GT(trial.tried, kSchemas * 9 / 10) << refused;
  EXPECT_GT(trial.valids, kSchemas * 10);
  EXPECT_GT(trial.finished, kSchemas * 3);
}

}  // namespace
}  // namespace sheepop::schema
