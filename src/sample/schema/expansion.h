// One conjunction on its way to shapes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sample/schema/normal_form.h"

namespace sheepop::schema {

// A literal that is still to be worked out, and whose annotations are heard by `collectors` (bits).
struct Pending {
  Literal literal;
  uint64_t collectors = 0;
  bool unevaluated = true;  // with the node's own unevaluated keywords
  auto operator<=>(const Pending&) const = default;
};

// The nodes whose keywords evaluated members or items for an unevaluated keyword of `owner`.
struct Collector {
  NodeId owner{};
  bool denied_members = false, denied_items = false;  // some unevaluated one must not meet the keyword
  std::vector<NodeId> evaluated = {};
};

struct Alternative;

struct Branch {
  uint8_t kinds = kAllKinds;
  std::vector<Pending> pending = {};
  std::function<void(Alternative&)> apply = {};
  // Where that is all: the object has this member, and its value meets the literal.
  std::optional<std::pair<std::string, Literal>> member = {};
  std::optional<grammar::RegexId> names = {};  // where that is all: the object has a member with such a name
};
using Choice = std::vector<Branch>;

struct Alternative {
  uint8_t kinds = kAllKinds;
  grammar::NumberConditions number;
  std::optional<std::vector<grammar::Decimal>> numbers;
  grammar::RegexId string{};
  std::optional<std::vector<std::string>> words;
  ArrayShape array;
  ObjectShape object;
  std::vector<Pending> pending;
  std::vector<Pending>
      worked_out;  // ascending; each is once, or references that fan out would double it time and again
  std::vector<Choice> choices;
  std::vector<Collector> collectors;
};

class Expansion {
 public:
  explicit Expansion(NormalForm& form) : form_(form), pool_(form.pool()) {}
  // Adds the shapes of all the literals together, of these kinds.
  void Run(std::span<const Literal> literals, Shapes& shapes, uint8_t kinds = kAllKinds);

 private:
  void WorkOut(Alternative& alternative);
  void Split(Alternative alternative, std::vector<Alternative>& stack);
  // Members that must be there and whose values are listed tell alternatives apart before they are split further.
  void DropByTags(Alternative& alternative);
  void DropImplied(Alternative& alternative);
  bool IsClosedTo(const Alternative& alternative, grammar::RegexId names);
  std::vector<Literal> TagLiterals(const Alternative& alternative, const std::string& name);
  bool ListsValues(NodeId node, int depth = 4) const;
  bool IsScalar(Literal literal);
  void Finish(Alternative& alternative, Shapes& shapes);
  void CheckNumber(grammar::NumberConditions& number);
  void FinishCollector(Alternative& alternative, const Collector& collector);
  void FinishMembers(Alternative& alternative, const Collector& collector);
  void FinishItems(Alternative& alternative, const Collector& collector);

  void Require(Alternative& alternative, const Pending& pending);
  void RequireValues(Alternative& alternative, const Node& node);
  void RequireNumbersAndStrings(Alternative& alternative, const Node& node);
  void RequireItems(Alternative& alternative, const Node& node, NodeId id);
  void RequireMembers(Alternative& alternative, const Node& node, NodeId id, uint64_t collectors);
  void RequireApplicators(Alternative& alternative, const Node& node, uint64_t collectors);
  void RequireAnyOf(Alternative& alternative, const std::vector<NodeId>& nodes, uint64_t collectors);
  void RequireOneOf(Alternative& alternative, const std::vector<NodeId>& nodes, uint64_t collectors);
  bool Evaluates(NodeId node, int depth = 16) const;

  void Deny(Alternative& alternative, const Pending& pending);
  void DenyValues(Choice& choice, const Node& node);
  void DenyNumbersAndStrings(Choice& choice, const Node& node);
  void DenyItems(Choice& choice, const Node& node);
  void DenyMembers(Choice& choice, const Node& node);
  void DenyApplicators(Choice& choice, const Node& node);
  void DenyUnevaluated(Choice& choice, const Node& node, NodeId id);

  grammar::RegexId Uncovered(const Collector& collector, bool& everything);
  std::optional<grammar::RegexId> StringOf(const Node& node);

  NormalForm& form_;
  grammar::RegexPool& pool_;
  NodeId first_{};  // for messages
  size_t alternatives_ = 0;
};

}  // namespace sheepop::schema
