// Conjunctions as shapes: the disjunctive normal form, made when it is first asked for. "not" goes inwards by De Morgan's
// rules, "anyOf" is a union, "oneOf" one of them and none of the others, "if" two cases.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sample/grammar/regex.h"
#include "sample/schema/conjunction.h"
#include "sample/schema/json_schema.h"
#include "sample/schema/shape.h"

namespace sheepop::schema {

// Kinds of instances as bits: JSON's types, with the booleans apart.
enum Kinds : uint8_t {
  kNullKind = 1,
  kFalseKind = 2,
  kTrueKind = 4,
  kNumberKind = 8,
  kStringKind = 16,
  kArrayKind = 32,
  kObjectKind = 64,
  kAllKinds = 127,
};

class NormalForm {
 public:
  // `notes`: where it is lenient, until StopNoting.
  NormalForm(Document document, const SchemaOptions& options, SchemaNotes* notes);

  // Valid as long as this. Throws SchemaError: kUnsupported, kInvalidArgument for a pattern that is none, kLimit beyond
  // kMostAlternatives.
  const Shapes& Of(ConjunctionId conjunction);
  void StopNoting() { notes_ = nullptr; }

  Conjunctions& conjunctions() { return conjunctions_; }
  grammar::RegexPool& pool() { return *pool_; }
  const std::shared_ptr<grammar::RegexPool>& shared_pool() const { return pool_; }

  // Of a name of `patternProperties` or of `pattern`; nothing where it cannot be read and that is noted.
  std::optional<grammar::RegexId> Pattern(std::string_view pattern, const Node& node, std::string_view keyword);
  // The strings that a literal allows.
  grammar::RegexId Strings(Literal literal);
  NodeId Property(const Node& node, NodeId id, std::string_view name, bool& found);
  // Throws, or notes it where that is allowed.
  void Refuse(const Node& node, std::string_view keyword, std::string_view message);

  // Whether it is certain that no instance of these kinds meets both. May say false wrongly.
  bool SureApart(NodeId a, NodeId b, uint8_t kinds);

  // Whether it is certain that nothing meets all of them. May say false wrongly; `in_progress`: only for now.
  bool SureNone(std::vector<Literal> literals, bool* in_progress = nullptr);

  // Set by the owner: whether a conjunction is known to allow nothing. May say false wrongly.
  std::function<bool(ConjunctionId)> known_empty = [](ConjunctionId) { return false; };

  static constexpr size_t kMostAlternatives = 5000;

 private:
  friend class Expansion;
  uint8_t KindsOf(NodeId node, int depth = 16);
  // By a look at types, enums, and members that tell alternatives apart.
  bool ValuesOrKindsApart(NodeId a, NodeId b, int depth);
  bool RequiredApart(std::span<const NodeId> mine, std::span<const NodeId> theirs, int depth);

  Conjunctions conjunctions_;
  SchemaOptions options_;
  SchemaNotes* notes_;
  std::shared_ptr<grammar::RegexPool> pool_ = std::make_shared<grammar::RegexPool>();
  std::unordered_map<uint32_t, std::unique_ptr<Shapes>> shapes_;
  std::vector<uint32_t> in_progress_;
  std::unordered_map<std::string, std::optional<grammar::RegexId>> patterns_;
  std::unordered_map<uint32_t, grammar::RegexId> strings_;
  std::unordered_map<uint32_t, std::unordered_map<std::string_view, NodeId>> properties_;  // of nodes with many
  std::unordered_map<uint32_t, uint8_t> kinds_;
  NodeId Objects();  // asks for an object
  std::map<std::tuple<uint32_t, uint32_t, uint8_t>, bool> apart_;
  std::optional<NodeId> objects_;
  std::unordered_set<uint32_t> undecided_;  // conjunctions
};

uint8_t KindsOfTypes(uint8_t types);

}  // namespace sheepop::schema
