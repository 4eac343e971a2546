
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "jinja/interpreter.h"
#include "jinja/loop.h"
#include "jinja/string.h"

namespace sheepop::jinja {

void RequireDefined(const Value& value) {
  if (value.IsUndefined()) throw Error(ErrorCategory::kInvalidArgument, "{}", value.undefined_message());
}

namespace {

Value CallMethod(Interpreter& interpreter, MethodFunction method, const Value& self, const Arguments& arguments) {
  if (self.IsString()) interpreter.budget().Work(self.text().size());
  return method(interpreter, self, arguments);
}

class BoundMethod : public Object {
 public:
  BoundMethod(Value self, MethodFunction function) : self_(std::move(self)), function_(function) {}

  std::string TypeName() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Value Call(Interpreter& interpreter, Arguments arguments) override {
    return CallMethod(interpreter, function_, self_, arguments);
  }
  uint32_t Nesting() const override { return self_.Nesting() + 1; }

 private:
  Value self_;
  MethodFunction function_;
};

std::string DescribeType(const Value& value) { return value.IsNone() ? "None" : value.TypeName() + " object"; }

Value Missing(const Value& object, std::string_view name) {
  return Value::MakeUndefined(fmt::format("'{}' has no attribute '{}'", DescribeType(object), name));
}

std::optional<Value> FindAttribute(Interpreter& interpreter, const Value& object, std::string_view name) {
  if (object.IsObject()) {
    if (std::optional<Value> value = object.object()->Attribute(interpreter, name)) return value;
  }
  if (MethodFunction method = FindMethod(object, name)) {
    return Value(std::shared_ptr<Object>(std::make_shared<BoundMethod>(object, method)));
  }
  return std::nullopt;
}

// A position within [0, size), counted from the end when negative.
std::optional<size_t> Position(int64_t index, size_t size) {
  auto count = static_cast<int64_t>(size);
  if (index < 0) index += count;
  return index >= 0 && index < count ? std::optional(static_cast<size_t>(index)) : std::nullopt;
}

}  // namespace

Value Interpreter::GetAttribute(const Value& object, std::string_view name) {
  RequireDefined(object);
  if (std::optional<Value> attribute = FindAttribute(*this, object, name)) return *attribute;
  if (object.IsDict()) {
    budget_.Work(name.size());
    if (const Value* value = object.dict().Find(name)) return *value;
  }
  return Missing(object, name);
}

Value Interpreter::GetItem(const Value& object, const Value& key) {
  RequireDefined(object);
  if (object.IsDict()) {
    if (key.IsString()) budget_.Work(key.bytes().size());
    bool hashable = !key.IsDict() && !key.IsObject() && (!key.IsList() || key.list().kind == List::Kind::kTuple);
    const Value* value = hashable ? object.dict().Find(key) : nullptr;
    if (value) return *value;
  }
  if (key.IsIntegral() && object.IsSequenceList()) {
    const std::vector<Value>& items = object.list().items;
    if (auto position = Position(key.integral(), items.size())) return items[*position];
  }
  if (key.IsIntegral() && object.IsString()) {
    budget_.Work(object.text().size());
    if (auto position = Position(key.integral(), CountCodePoints(object.bytes()))) {
      return MakeString(SliceCodePoints(object.text(), *position, *position + 1), object.string().safe);
    }
  }
  if (key.IsString()) {
    if (std::optional<Value> attribute = FindAttribute(*this, object, key.bytes())) return *attribute;
    return Missing(object, key.bytes());
  }
  return Value::MakeUndefined(fmt::format("{} has no element {}", DescribeType(object), ToRepr(budget_, key).bytes()));
}

Value Interpreter::Call(const Value& callee, Arguments arguments) {
  RequireDefined(callee);
  if (!callee.IsObject()) {
    throw Error(ErrorCategory::kInvalidArgument, "'{}' object is not callable", callee.TypeName());
  }
  std::shared_ptr<Object> object = callee.object();
  return object->Call(*this, std::move(arguments));
}

Value Interpreter::ApplyFilter(std::string_view name, const Value& input, const Arguments& arguments) {
  FilterFunction filter = FindFilter(name);
  if (!filter) throw Error(ErrorCategory::kUnsupported, "there is no filter '{}'", name);
  budget_.Step();
  return filter(*this, input, arguments);
}

bool Interpreter::ApplyTest(std::string_view name, const Value& input, const Arguments& arguments) {
  TestFunction test = FindTest(name);
  if (!test) throw Error(ErrorCategory::kUnsupported, "there is no test '{}'", name);
  budget_.Step();
  return test(*this, input, arguments);
}

Value Interpreter::Evaluate(const Expression& expression) {
  uint32_t limit = budget_.limits().depth;
  if (depth_ >= limit) throw Error(ErrorCategory::kLimit, "rendering nests deeper than {}", limit);
  struct Level {
    uint32_t& depth;
    explicit Level(uint32_t& counter) : depth(counter) { ++depth; }
    ~Level() { --depth; }
  } level(depth_);
  budget_.Step();
  const auto& operands = expression.operands;
  switch (expression.kind) {
    case ExpressionKind::kConstant: return expression.value;
    case ExpressionKind::kName:
    case ExpressionKind::kNamespaceAttribute: return EvaluateName(expression);
    case ExpressionKind::kTuple: return MakeList(EvaluateAll(operands), List::Kind::kTuple);
    case ExpressionKind::kList: return MakeList(EvaluateAll(operands));
    case ExpressionKind::kDict: return EvaluateDict(expression);
    case ExpressionKind::kAttribute: {
      Value object = Evaluate(*operands[0]);
      line_ = expression.line;
      return GetAttribute(object, expression.name);
    }
    case ExpressionKind::kItem: return EvaluateItem(expression);
    case ExpressionKind::kSlice:
      return Value();  // the parser puts slices into subscripts only, which do not evaluate them
    case ExpressionKind::kCall: return EvaluateCall(expression);
    case ExpressionKind::kFilter: {
      Value input = Evaluate(*operands[0]);
      Arguments arguments = EvaluateArguments(expression, 1);
      line_ = expression.line;
      return ApplyFilter(expression.name, input, arguments);
    }
    case ExpressionKind::kTest: {
      Value input = Evaluate(*operands[0]);
      Arguments arguments = EvaluateArguments(expression, 1);
      line_ = expression.line;
      return Value(ApplyTest(expression.name, input, arguments));
    }
    case ExpressionKind::kNot: return Value(!Evaluate(*operands[0]).Truth());
    case ExpressionKind::kNegate:
    case ExpressionKind::kPlus: return EvaluateSign(expression);
    case ExpressionKind::kAnd: {
      Value left = Evaluate(*operands[0]);
      return left.Truth() ? Evaluate(*operands[1]) : left;
    }
    case ExpressionKind::kOr: {
      Value left = Evaluate(*operands[0]);
      return left.Truth() ? left : Evaluate(*operands[1]);
    }
    case ExpressionKind::kConditional: return EvaluateConditional(expression);
    case ExpressionKind::kConcat: return EvaluateConcat(expression);
    case ExpressionKind::kCompare: return EvaluateCompare(expression);
    case ExpressionKind::kBinary: return EvaluateBinary(expression);
  }
  return Value();
}

Value Interpreter::EvaluateName(const Expression& expression) {
  for (const Scope* scope = scope_.get(); scope; scope = scope->parent.get()) {
    budget_.Step();
    auto found = scope->variables.find(expression.name);
    if (found != scope->variables.end()) return found->second;
  }
  if (std::optional<Value> function = FindFunction(expression.name)) return *function;
  return Value::MakeUndefined(fmt::format("'{}' is undefined", expression.name));
}

std::vector<Value> Interpreter::EvaluateAll(const std::vector<ExpressionPtr>& expressions) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const ExpressionPtr& expression : expressions) values.push_back(Evaluate(*expression));
  return values;
}

Value Interpreter::EvaluateDict(const Expression& expression) {
  Dict dict;
  for (size_t i = 0; i < expression.operands.size(); i += 2) {
    Value key = Evaluate(*expression.operands[i]);
    Value value = Evaluate(*expression.operands[i + 1]);
    if (key.IsString()) budget_.Make(key.bytes().size());
    dict.Set(std::move(key), std::move(value));
  }
  return Value::MakeDict(budget_, std::move(dict));
}

Value Interpreter::EvaluateItem(const Expression& expression) {
  Value object = Evaluate(*expression.operands[0]);
  const Expression& key = *expression.operands[1];
  if (key.kind == ExpressionKind::kSlice) {
    line_ = expression.line;
    return EvaluateSlice(object, key);
  }
  Value index = Evaluate(key);
  line_ = expression.line;
  return GetItem(object, index);
}

namespace {

struct Steps {
  int64_t first;
  int64_t step;
  int64_t count;
};

// Python's slice.indices().
Steps Indices(std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step, int64_t size) {
  int64_t low = step < 0 ? -1 : 0;
  int64_t high = step < 0 ? size - 1 : size;
  auto clamp = [&](int64_t index) { return std::clamp(index < 0 ? index + size : index, low, high); };
  int64_t first = start ? clamp(*start) : (step < 0 ? high : low);
  int64_t last = stop ? clamp(*stop) : (step < 0 ? low : high);
  int64_t distance = step < 0 ? first - last : last - first;
  int64_t stride = step < 0 ? -step : step;
  return {first, step, distance <= 0 ? 0 : (distance - 1) / stride + 1};
}

std::optional<int64_t> SliceBound(const Value& value) {
  if (value.IsNone()) return std::nullopt;
  if (!value.IsIntegral()) {
    throw Error(ErrorCategory::kInvalidArgument, "slice indices must be integers or none, not '{}'", value.TypeName());
  }
  // Far past any size, and far from overflow.
  return std::clamp(value.integral(), -(int64_t{1} << 60), int64_t{1} << 60);
}

}  // namespace

Value Interpreter::EvaluateSlice(const Value& object, const Expression& slice) {
  std::optional<int64_t> bounds[3];
  for (size_t i = 0; i < 3; ++i) {
    Value bound = slice.operands[i] ? Evaluate(*slice.operands[i]) : Value();
    RequireDefined(object);
    if (object.IsString() || object.IsSequenceList()) bounds[i] = SliceBound(bound);
  }
  int64_t step = bounds[2].value_or(1);
  if (step == 0) throw Error(ErrorCategory::kInvalidArgument, "slice step cannot be zero");
  if (object.IsString()) {
    budget_.Work(object.text().size());
    Steps steps = Indices(bounds[0], bounds[1], step, static_cast<int64_t>(CountCodePoints(object.bytes())));
    return MakeString(PickCodePoints(object.text(), steps.first, steps.step, steps.count), object.string().safe);
  }
  if (!object.IsSequenceList()) {
    throw Error(ErrorCategory::kInvalidArgument, "'{}' object cannot be sliced", object.TypeName());
  }
  const std::vector<Value>& items = object.list().items;
  Steps steps = Indices(bounds[0], bounds[1], step, static_cast<int64_t>(items.size()));
  std::vector<Value> picked;
  for (int64_t i = 0; i < steps.count; ++i) picked.push_back(items[static_cast<size_t>(steps.first + i * steps.step)]);
  return MakeList(std::move(picked), object.list().kind == List::Kind::kTuple ? List::Kind::kTuple : List::Kind::kList);
}

Arguments Interpreter::EvaluateArguments(const Expression& expression, size_t first) {
  Arguments arguments;
  for (size_t i = first; i < expression.operands.size(); ++i) {
    arguments.positional.push_back(Evaluate(*expression.operands[i]));
  }
  for (const auto& [name, value] : expression.named) arguments.named.emplace_back(name, Evaluate(*value));
  if (expression.star) {
    for (Value& item : Iterate(budget_, Evaluate(*expression.star))) arguments.positional.push_back(std::move(item));
  }
  if (expression.star_star) {
    Value more = Evaluate(*expression.star_star);
    if (!more.IsDict()) throw Error(ErrorCategory::kInvalidArgument, "the argument after ** must be a mapping");
    budget_.Make(more.dict().entries().size() * sizeof(Value));
    for (const auto& [key, value] : more.dict().entries()) {
      if (!key.IsString()) throw Error(ErrorCategory::kInvalidArgument, "keywords must be strings");
      arguments.named.emplace_back(key.bytes(), value);
    }
  }
  return arguments;
}

Value Interpreter::EvaluateCall(const Expression& expression, const Value* caller) {
  const Expression& target = *expression.operands[0];
  Value callee;
  MethodFunction method = nullptr;
  if (target.kind == ExpressionKind::kAttribute) {
    Value self = Evaluate(*target.operands[0]);
    line_ = target.line;
    RequireDefined(self);
    // A method is called without making a bound one.
    bool own = self.IsObject() && self.object()->Attribute(*this, target.name);
    method = own ? nullptr : FindMethod(self, target.name);
    callee = method ? self : GetAttribute(self, target.name);
  } else {
    callee = Evaluate(target);
  }
  Arguments arguments = EvaluateArguments(expression, 1);
  if (caller) arguments.named.emplace_back("caller", *caller);
  line_ = expression.line;
  return method ? CallMethod(*this, method, callee, arguments) : Call(callee, std::move(arguments));
}

Value Interpreter::EvaluateConcat(const Expression& expression) {
  Text text;
  for (const ExpressionPtr& operand : expression.operands) {
    Text part = ToText(budget_, Evaluate(*operand));
    budget_.Make(part.size());
    text.Append(part);
  }
  return MakeString(std::move(text));
}

namespace {

bool Compare(Interpreter& interpreter, Operator operation, const Value& a, const Value& b) {
  Budget& budget = interpreter.budget();
  switch (operation) {
    case Operator::kEqual: return Equal(budget, a, b);
    case Operator::kNotEqual: return !Equal(budget, a, b);
    case Operator::kLess: return Less(budget, a, b);
    case Operator::kGreater: return Less(budget, b, a);
    case Operator::kLessEqual: return Less(budget, a, b) || Equal(budget, a, b);
    case Operator::kGreaterEqual: return Less(budget, b, a) || Equal(budget, a, b);
    case Operator::kIn: return Contains(interpreter, b, a);
    default: return !Contains(interpreter, b, a);
  }
}

}  // namespace

Value Interpreter::EvaluateCompare(const Expression& expression) {
  Value left = Evaluate(*expression.operands[0]);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = Evaluate(*expression.operands[i + 1]);
    line_ = expression.line;
    if (!Compare(*this, expression.operators[i], left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Interpreter::EvaluateBinary(const Expression& expression) {
  Value left = Evaluate(*expression.operands[0]);
  Value right = Evaluate(*expression.operands[1]);
  line_ = expression.line;
  return ApplyBinary(*this, expression.operators[0], left, right);
}

Value Interpreter::EvaluateSign(const Expression& expression) {
  Value value = Evaluate(*expression.operands[0]);
  line_ = expression.line;
  RequireDefined(value);
  if (!value.IsNumber()) {
    throw Error(ErrorCategory::kInvalidArgument, "'{}' has no sign", value.TypeName());
  }
  bool negate = expression.kind == ExpressionKind::kNegate;
  if (value.IsFloat()) return Value(negate ? -value.number() : value.number()).WithOrigin(value.origin());
  if (!negate) return Value(value.integral()).WithOrigin(value.origin());
  return ApplyBinary(*this, Operator::kSubtract, Value(int64_t{0}), value);
}

Value Interpreter::EvaluateConditional(const Expression& expression) {
  if (Evaluate(*expression.operands[0]).Truth()) return Evaluate(*expression.operands[1]);
  if (expression.operands[2]) return Evaluate(*expression.operands[2]);
  return Value::MakeUndefined("the inline if-expression evaluated to false and no else section was defined");
}

}  // namespace sheepop::jinja
