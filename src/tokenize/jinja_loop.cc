#include "tokenize/jinja_loop.h"

#include "base/error.h"

namespace sheepop::jinja {

bool Loop::Changed(std::string text) {
  bool changed = last_ != text;
  last_ = std::move(text);
  return changed;
}

std::optional<Value> Loop::Attribute(Interpreter&, std::string_view name) const {
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
