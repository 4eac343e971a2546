// The `loop` variable of a for block.
#pragma once

#include <memory>
#include <string>

#include "jinja/interpreter.h"

namespace sheepop::jinja {

class Loop : public Object, public std::enable_shared_from_this<Loop> {
 public:
  // `items` is a list value; `scope` is the one around the loop; `depth` counts recursion from 1.
  Loop(const Statement& statement, std::shared_ptr<Scope> scope, Value items, int64_t depth)
      : statement_(statement), scope_(std::move(scope)), items_(std::move(items)), depth_(depth) {}

  size_t index() const { return index_; }
  size_t size() const { return items_.list().items.size(); }
  const Value& current() const { return items_.list().items[index_]; }
  void Advance() { ++index_; }

  // Whether `text`, which stands for the arguments, differs from that of the last call.
  bool Changed(std::string text);

  std::string TypeName() const override { return "LoopContext"; }
  std::optional<Value> Attribute(Interpreter& interpreter, std::string_view name) override;
  bool callable() const override { return statement_.recursive; }
  Value Call(Interpreter& interpreter, Arguments arguments) override;
  uint32_t Nesting() const override { return items_.Nesting() + 1; }

 private:
  const Statement& statement_;
  std::weak_ptr<Scope> scope_;
  Value items_;
  int64_t depth_;
  size_t index_ = 0;
  std::optional<std::string> last_;
};

}  // namespace sheepop::jinja
