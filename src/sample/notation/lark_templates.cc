#include <fmt/core.h>

#include <map>
#include <span>

#include "sample/notation/lark_reader.h"

namespace sheepop::notation {
namespace {

constexpr size_t kMostInstances = 10'000;

class Instances {
 public:
  Instances(const std::vector<LarkTemplate>& templates, const Source& source, Rules& rules)
      : templates_(templates), source_(source), rules_(rules) {}

  void WriteOut() {
    for (size_t rule = 0; rule < rules_.rules.size(); ++rule) {  // instances are appended on the way
      if (!rules_.rules[rule].defined) continue;
      const auto arguments = arguments_.find(rule);
      const std::vector<NodeId> none;
      const NodeId body = Copy(rules_.rules[rule].body, arguments == arguments_.end() ? none : arguments->second);
      rules_.rules[rule].body = body;
    }
  }

 private:
  // The node itself where nothing in it changes.
  NodeId Copy(NodeId id, const std::vector<NodeId>& arguments) {
    const Node::Kind kind = rules_.nodes[id].kind;
    if (kind == Node::kParameter) return arguments[rules_.nodes[id].index];
    std::vector<NodeId> parts = rules_.nodes[id].parts;
    bool same = true;
    for (NodeId& part : parts) {
      const NodeId copy = Copy(part, arguments);
      same = same && copy == part;
      part = copy;
    }
    if (kind == Node::kTemplate) return Instance(id, std::move(parts));
    if (same) return id;
    Node node = rules_.nodes[id];
    node.parts = std::move(parts);
    return rules_.Add(std::move(node));
  }

  NodeId Instance(NodeId use, std::vector<NodeId> arguments) {
    const uint32_t index = rules_.nodes[use].index, offset = rules_.nodes[use].offset;
    const LarkTemplate& made = templates_[index];
    if (!made.defined) throw source_.Fault(offset, fmt::format("the template {} is not defined", made.name));
    if (made.parameters.size() != arguments.size()) {
      throw source_.Fault(offset, fmt::format("the template {} has {} parameters, not {}", made.name,
                                              made.parameters.size(), arguments.size()));
    }
    std::string key = made.name;
    for (const NodeId argument : arguments) Print(argument, key);
    const auto [at, is_new] = known_.try_emplace(std::move(key), static_cast<uint32_t>(rules_.rules.size()));
    if (is_new) {
      if (known_.size() > kMostInstances) {
        throw source_.At(
            offset, ErrorCategory::kLimit,
            fmt::format("the template {} is used with more than {} different arguments, which is the bound", made.name,
                        kMostInstances));
      }
      arguments_[at->second] = std::move(arguments);
      rules_.rules.push_back({.name = made.name, .offset = made.offset, .defined = true, .body = made.body});
    }
    return rules_.Add({.kind = Node::kRule, .offset = offset, .index = at->second});
  }

  // Equal for equal arguments, which are written out already.
  void Print(NodeId id, std::string& out) const {
    const Node& node = rules_.nodes[id];
    out += fmt::format("({} ", static_cast<int>(node.kind));
    switch (node.kind) {
      case Node::kText:
      case Node::kPattern:
      case Node::kWithout:
      case Node::kControl:
        out += fmt::format("{} {}", rules_.texts[node.index].size(), rules_.texts[node.index]);
        break;
      case Node::kChars:
        for (const auto& [first, last] : rules_.sets[node.index].ranges()) {
          out += fmt::format("{}-{} ", static_cast<uint32_t>(first), static_cast<uint32_t>(last));
        }
        break;
      default: out += fmt::format("{}", node.index);
    }
    for (const NodeId part : node.parts) Print(part, out);
    out += ')';
  }

  const std::vector<LarkTemplate>& templates_;
  const Source& source_;
  Rules& rules_;
  std::map<std::string, uint32_t> known_;            // the rule of a template with arguments
  std::map<size_t, std::vector<NodeId>> arguments_;  // of a rule that is an instance
};

}  // namespace

void WriteOutTemplates(const std::vector<LarkTemplate>& templates, const Source& source, Rules& rules) {
  Instances(templates, source, rules).WriteOut();
}

}  // namespace sheepop::notation
