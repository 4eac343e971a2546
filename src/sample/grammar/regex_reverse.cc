#include <algorithm>

#include "sample/grammar/regex_nodes.h"

namespace sheepop::grammar {

// From the inner ones out, without recursion; a chain of concatenations counts as one.
RegexPool::Body::Id RegexPool::Body::Reverse(Id id) {
  std::unordered_map<Id, Id> reversed = {{kNone, kNone}, {kEpsilon, kEpsilon}};
  std::vector<Id> stack = {id};
  while (!stack.empty()) {
    const Id top = stack.back();
    const Node copy = node(top);
    std::vector<Id> inner;
    switch (copy.kind) {
      case Kind::kConcat:
        inner.push_back(copy.a);
        for (Id tail = copy.b;; tail = node(tail).b) {
          const bool chained = node(tail).kind == Kind::kConcat;
          inner.push_back(chained ? node(tail).a : tail);
          if (!chained) break;
        }
        break;
      case Kind::kRepeat:
      case Kind::kComplement: inner.push_back(copy.a); break;
      case Kind::kUnion:
      case Kind::kIntersection: inner.assign(copy.parts.begin(), copy.parts.end()); break;
      default: break;
    }
    const size_t before = stack.size();
    for (const Id one : inner) {
      if (!reversed.contains(one)) stack.push_back(one);
    }
    if (stack.size() > before) continue;
    stack.pop_back();
    for (Id& one : inner) one = reversed.at(one);
    Id result = top;
    if (copy.kind == Kind::kConcat) {
      result = kEpsilon;
      for (const Id one : inner) result = Concat(one, result);
    } else if (copy.kind == Kind::kRepeat) {
      result = Repeat(inner[0], copy.least, copy.most);
    } else if (copy.kind == Kind::kComplement) {
      result = Complement(inner[0]);
    } else if (copy.kind == Kind::kUnion) {
      result = Union(inner);
    } else if (copy.kind == Kind::kIntersection) {
      result = Intersection(inner);
    }
    reversed[top] = result;
  }
  return reversed.at(id);
}

}  // namespace sheepop::grammar
