#include "jinja/loop.h"

#include "base/error.h"

namespace sheepop::jinja {

namespace {

Value Cycle(Interpreter&, Loop& loop, const Arguments& arguments) {
  if (arguments.positional.empty()) throw Error(ErrorCategory::kInvalidArgument, "cycle() takes at least one argument");
  return arguments.positional[loop.index() % arguments.positional.size()];
}

Value Changed(Interpreter& interpreter, Loop& loop, const Arguments& arguments) {
  Value values = interpreter.MakeList(arguments.positional, List::Kind::kTuple);
  return Value(loop.Changed(ToRepr(interpreter.budget(), values).bytes()));
}

class LoopMethod : public Object {
 public:
  using Function = Value (*)(Interpreter&, Loop&, const Arguments&);
  LoopMethod(std::shared_ptr<Loop> loop, Function function) : loop_(std::move(loop)), function_(function) {}

  std::string TypeName() const override { return "method"; }
  bool callable() const override { return true; }
  Value Call(Interpreter& interpreter, Arguments arguments) override {
    return function_(interpreter, *loop_, arguments);
  }
  uint32_t Nesting() const override { return loop_->Nesting() + 1; }

 private:
  std::shared_ptr<Loop> loop_;
  Function function_;
};

}  // namespace

bool Loop::Changed(std::string text) {
  bool changed = last_ != text;
  last_ = std::move(text);
  return changed;
}

std::optional<Value> Loop::Attribute(Interpreter&, std::string_view name) {
  auto index = static_cast<int64_t>(index_);
  auto length = static_cast<int64_t>(size());
  if (name == "index") return Value(index + 1);
  if (name == "index0") return Value(index);
  if (name == "revindex") return Value(length - index);
  if (name == "revindex0") return Value(length - index - 1);
  if (name == "first") return Value(index == 0);
  if (name == "last") return Value(index == length - 1);
  if (name == "length") return Value(length);
  if (name == "depth") return Value(depth_);
  if (name == "depth0") return Value(depth_ - 1);
  if (name == "previtem") {
    return index > 0 ? items_.list().items[index_ - 1] : Value::MakeUndefined("there is no previous item");
  }
  if (name == "nextitem") {
    return index + 1 < length ? items_.list().items[index_ + 1] : Value::MakeUndefined("there is no next item");
  }
  if (name == "cycle" || name == "changed") {
    auto function = name == "cycle" ? Cycle : jinja::Changed;
    return Value(std::shared_ptr<Object>(std::make_shared<LoopMethod>(shared_from_this(), function)));
  }
  return std::nullopt;
}

Value Loop::Call(Interpreter& interpreter, Arguments arguments) {
  if (!statement_.recursive) {
    throw Error(ErrorCategory::kInvalidArgument, "the loop is called, but it is not marked recursive");
  }
  auto bound = Bind("loop", arguments, {"iterable"}, 1);
  std::shared_ptr<Scope> scope = scope_.lock();
  if (!scope) throw Error(ErrorCategory::kInvalidArgument, "the loop that is called has ended");
  return interpreter.RunLoopAgain(statement_, scope, *bound[0], depth_ + 1);
}

}  // namespace sheepop::jinja
