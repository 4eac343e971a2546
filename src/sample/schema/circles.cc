#include "sample/schema/circles.h"

#include <algorithm>

namespace sheepop::schema {
namespace {

// What is applied to the instance itself.
std::vector<NodeId> InPlace(const Node& node) {
  std::vector<NodeId> out = node.all_of;
  for (const auto* lists : {&node.any_of, &node.one_of}) {
    for (const std::vector<NodeId>& list : *lists) out.insert(out.end(), list.begin(), list.end());
  }
  for (const auto& [name, schema] : node.dependent_schemas) out.push_back(schema);
  for (const auto* one : {&node.negated, &node.if_schema, &node.then_schema, &node.else_schema}) {
    if (*one) out.push_back(**one);
  }
  return out;
}

struct Step {
  NodeId node;
  std::vector<NodeId> next;  // not yet followed
};

enum class Visit : uint8_t { kNever, kOpen, kDone };

}  // namespace

std::vector<NodeId> FindCircle(const Document& document) {
  std::vector<Visit> visits(document.nodes.size(), Visit::kNever);
  std::vector<Step> way;
  const auto visit = [&](NodeId id) -> Visit& { return visits[static_cast<size_t>(id)]; };
  const auto enter = [&](NodeId id) {
    visit(id) = Visit::kOpen;
    way.push_back({id, InPlace(document[id])});
  };
  for (size_t start = 0; start < document.nodes.size(); ++start) {
    if (visits[start] == Visit::kNever) enter(NodeId{static_cast<uint32_t>(start)});
    while (!way.empty()) {
      Step& step = way.back();
      if (step.next.empty()) {
        visit(step.node) = Visit::kDone;
        way.pop_back();
        continue;
      }
      const NodeId next = step.next.back();
      step.next.pop_back();
      if (visit(next) == Visit::kNever) {
        enter(next);
      } else if (visit(next) == Visit::kOpen) {
        std::vector<NodeId> circle;
        for (auto at = std::ranges::find(way, next, &Step::node); at != way.end(); ++at) circle.push_back(at->node);
        return circle;
      }
    }
  }
  return {};
}

}  // namespace sheepop::schema
