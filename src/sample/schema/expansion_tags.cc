// Members that tell alternatives apart: those that must be there and whose values are listed. What they leave is looked at
// before an alternative is split further, else each of n tags would double the alternatives.
#include <algorithm>

#include "sample/schema/expansion.h"

namespace sheepop::schema {

using grammar::RegexId;

bool Expansion::ListsValues(NodeId id, int depth) const {
  const Node& node = form_.conjunctions()[id];
  return node.values || node.never ||
         (depth > 0 && std::ranges::any_of(node.all_of, [&](NodeId inner) { return ListsValues(inner, depth - 1); }));
}

// What is asked of a member so far; patterns of names are left out.
std::vector<Literal> Expansion::TagLiterals(const Alternative& alternative, const std::string& name) {
  std::vector<Literal> literals;
  for (const NodeId id : alternative.object.nodes) {
    const Node& node = form_.conjunctions()[id];
    bool found = false;
    const NodeId value = form_.Property(node, id, name, found);
    if (found) literals.push_back({value});
    if (!found && node.pattern_properties.empty() && node.additional_properties) {
      literals.push_back({*node.additional_properties});
    }
  }
  for (const auto& [other, literal] : alternative.object.members) {
    if (other == name) literals.push_back(literal);
  }
  return literals;
}

void Expansion::DropByTags(Alternative& alternative) {
  if ((alternative.kinds & kObjectKind) == 0) return;
  for (const std::string& name : alternative.object.required) {
    std::vector<Literal> literals = TagLiterals(alternative, name);
    const bool tells = std::ranges::any_of(literals, [&](Literal literal) { return ListsValues(literal.node); });
    if (!tells || !form_.SureNone(std::move(literals))) continue;
    alternative.kinds &= ~kObjectKind;
    return;
  }
  if (alternative.kinds == kObjectKind) DropImplied(alternative);
}

bool Expansion::IsScalar(Literal literal) {
  return !literal.negative && (form_.KindsOf(literal.node) & (kArrayKind | kObjectKind)) == 0;
}

// Whether the names of an object are listed, and none of these is among them.
bool Expansion::IsClosedTo(const Alternative& alternative, RegexId names) {
  return std::ranges::any_of(alternative.object.nodes, [&](NodeId id) {
    const Node& node = form_.conjunctions()[id];
    const bool closed = node.additional_properties && form_.conjunctions()[*node.additional_properties].never;
    return closed && node.pattern_properties.empty() &&
           std::ranges::none_of(node.properties, [&](const auto& entry) { return pool_.Matches(names, entry.first); });
  });
}

// Choices of which one branch holds anyhow, and branches that cannot hold.
void Expansion::DropImplied(Alternative& alternative) {
  const ObjectShape& object = alternative.object;
  const auto leaves_nothing = [&](const Branch& branch, bool negated) {
    std::vector<Literal> literals = TagLiterals(alternative, branch.member->first);
    // Of arrays and objects it costs much to find out.
    if (std::ranges::none_of(literals, [&](Literal literal) { return IsScalar(literal); })) {
      return false;
    }
    literals.push_back(branch.member->second);
    literals.back().negative ^= negated;
    return form_.SureNone(std::move(literals));
  };
  std::erase_if(alternative.choices, [&](const Choice& choice) {
    return std::ranges::any_of(choice, [&](const Branch& branch) {
      return branch.member && std::ranges::binary_search(object.required, branch.member->first) &&
             leaves_nothing(branch, true);
    });
  });
  for (Choice& choice : alternative.choices) {
    std::erase_if(choice, [&](const Branch& branch) {
      return (branch.member && leaves_nothing(branch, false)) ||
             (branch.names && IsClosedTo(alternative, *branch.names));
    });
  }
}

}  // namespace sheepop::schema
