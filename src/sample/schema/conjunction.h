// What is asked of an instance at one place: that it meets all of some subschemas and none of others.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sample/schema/node.h"

namespace sheepop::schema {

struct Literal {
  NodeId node{};
  bool negative = false;  // the instance must not meet it
  auto operator<=>(const Literal&) const = default;
};

enum class ConjunctionId : uint32_t {};
inline constexpr ConjunctionId kNothing{0};   // no instance
inline constexpr ConjunctionId kAnything{1};  // every instance

// The nodes of a document, and those that are made of them; each conjunction once. References and spans stay valid.
class Conjunctions {
 public:
  explicit Conjunctions(Document document);

  const Node& operator[](NodeId id) const;
  NodeId root() const { return document_.root; }
  size_t nodes() const { return document_.nodes.size() + made_.size(); }
  NodeId Make(Node node);
  // Met by what equals `value` alone; an array or an object by keywords other than enum.
  NodeId MakeValue(const boost::json::value& value, const std::string& pointer);

  // Met by what meets one of these.
  NodeId MakeAny(std::vector<NodeId> nodes, const std::string& pointer);

  // Literals that ask for nothing are left out, and references stand for what they refer to. Throws kLimit.
  ConjunctionId Of(std::vector<Literal> literals);
  ConjunctionId Of(Literal literal) { return Of(std::vector{literal}); }
  ConjunctionId And(ConjunctionId conjunction, std::span<const Literal> more);
  std::span<const Literal> Literals(ConjunctionId id) const { return literals_[static_cast<size_t>(id)]; }
  size_t size() const { return literals_.size(); }

  // The literal's node at the end of references; where the literal asks for nothing or for too much, how it ends.
  enum class Trivial : uint8_t { kNo, kAlways, kNever };
  Trivial Resolve(Literal& literal) const;

  static constexpr size_t kMost = 200'000;

 private:
  Document document_;
  std::deque<Node> made_;
  std::deque<std::vector<Literal>> literals_;
  std::unordered_map<std::string, ConjunctionId> known_;
  std::unordered_map<std::string, NodeId> values_;
  std::map<std::vector<NodeId>, NodeId> any_;
};

// Of a JSON number.
grammar::Decimal AsDecimal(const boost::json::value& number);

}  // namespace sheepop::schema
