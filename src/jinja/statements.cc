
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "jinja/interpreter.h"
#include "jinja/loop.h"

namespace sheepop::jinja {

namespace {

class Macro : public Object {
 public:
  Macro(const Statement& statement, std::shared_ptr<Scope> closure)
      : statement_(statement), closure_(std::move(closure)) {}

  std::string TypeName() const override { return fmt::format("Macro '{}'", statement_.name); }
  bool callable() const override { return true; }
  std::optional<Value> Attribute(Interpreter&, std::string_view name) override {
    return name == "name" ? std::optional(Value::Literal(statement_.name)) : std::nullopt;
  }
  Value Call(Interpreter& interpreter, Arguments arguments) override {
    return interpreter.CallMacro(statement_, closure_, std::move(arguments));
  }

 private:
  const Statement& statement_;
  std::shared_ptr<Scope> closure_;
};

}  // namespace

class Interpreter::DepthGuard {
 public:
  explicit DepthGuard(Interpreter& interpreter) : depth_(interpreter.depth_) {
    uint32_t limit = interpreter.budget_.limits().depth;
    if (depth_ >= limit) throw Error(ErrorCategory::kLimit, "rendering nests deeper than {}", limit);
    ++depth_;
  }
  ~DepthGuard() { --depth_; }

 private:
  uint32_t& depth_;
};

class Interpreter::ScopeGuard {
 public:
  // Variables set while it lives are seen below `parent` only.
  ScopeGuard(Interpreter& interpreter, std::shared_ptr<Scope> parent)
      : interpreter_(interpreter),
        outer_(std::exchange(interpreter.scope_, std::make_shared<Scope>(Scope{std::move(parent), {}}))) {
    interpreter_.budget_.Step();
  }
  explicit ScopeGuard(Interpreter& interpreter) : ScopeGuard(interpreter, interpreter.scope_) {}
  ~ScopeGuard() { interpreter_.scope_ = std::move(outer_); }

 private:
  Interpreter& interpreter_;
  std::shared_ptr<Scope> outer_;
};

Interpreter::Interpreter(const Limits& limits, std::time_t now)
    : budget_(limits), now_(now), scope_(std::make_shared<Scope>()) {}

Interpreter::~Interpreter() {
  for (const auto& scope : captured_scopes_) scope->variables.clear();
  for (const auto& space : namespaces_) space->Clear();
}

void Interpreter::Define(std::string_view name, Value value) { Assign(name, std::move(value)); }

Text Interpreter::Render(const Body& body) {
  Text output;
  output_ = &output;
  try {
    Execute(body);
  } catch (const Error& error) {
    throw Error(error.category(), "chat template, line {}: {}", line_, error.what());
  }
  return output;
}

void Interpreter::Emit(const Text& text) {
  emitted_ += text.size();
  if (emitted_ > budget_.limits().output_bytes) {
    throw Error(ErrorCategory::kLimit, "rendering writes more than {} bytes", budget_.limits().output_bytes);
  }
  budget_.Step(1 + text.runs().size());
  output_->Append(text);
}

Text Interpreter::Capture(const Body& body) {
  Text captured;
  Text* outer = std::exchange(output_, &captured);
  Execute(body);
  output_ = outer;
  return captured;
}

Interpreter::Flow Interpreter::Execute(const Body& body) {
  for (const auto& statement : body) {
    if (Flow flow = Execute(*statement); flow != Flow::kNormal) return flow;
  }
  return Flow::kNormal;
}

Interpreter::Flow Interpreter::Execute(const Statement& statement) {
  DepthGuard depth(*this);
  budget_.Step();
  line_ = statement.line;
  switch (statement.kind) {
    case StatementKind::kOutput: ExecuteOutput(statement); break;
    case StatementKind::kIf: return ExecuteIf(statement);
    case StatementKind::kFor: ExecuteFor(statement, Evaluate(*statement.expressions[0]), 1); break;
    case StatementKind::kSet: Assign(*statement.target, Evaluate(*statement.expressions[0])); break;
    case StatementKind::kSetBlock: ExecuteSetBlock(statement); break;
    case StatementKind::kMacro: Assign(statement.name, MakeMacro(statement)); break;
    case StatementKind::kCallBlock: ExecuteCallBlock(statement); break;
    case StatementKind::kFilterBlock: {
      ScopeGuard scope(*this);
      Value text = MakeString(Capture(statement.bodies[0]));
      Emit(ToText(budget_, EvaluateFilters(statement.expressions[0].get(), text)));
      break;
    }
    case StatementKind::kWith: ExecuteWith(statement); break;
    case StatementKind::kScope: {
      ScopeGuard scope(*this);
      Execute(statement.bodies[0]);
      break;
    }
    case StatementKind::kBreak: return Flow::kBreak;
    case StatementKind::kContinue: return Flow::kContinue;
  }
  return Flow::kNormal;
}

void Interpreter::ExecuteOutput(const Statement& statement) {
  for (const ExpressionPtr& expression : statement.expressions) {
    Value value = Evaluate(*expression);
    if (value.IsString()) {
      Emit(value.text());
    } else {
      Emit(ToText(budget_, value));
    }
  }
}

Interpreter::Flow Interpreter::ExecuteIf(const Statement& statement) {
  for (size_t i = 0; i < statement.expressions.size(); ++i) {
    if (Evaluate(*statement.expressions[i]).Truth()) return Execute(statement.bodies[i]);
  }
  bool has_else = statement.bodies.size() > statement.expressions.size();
  return has_else ? Execute(statement.bodies.back()) : Flow::kNormal;
}

void Interpreter::ExecuteFor(const Statement& statement, const Value& iterated, int64_t depth) {
  line_ = statement.line;
  std::vector<Value> items = Iterate(budget_, iterated);
  if (statement.expressions[1]) items = FilterItems(statement, std::move(items));
  auto loop = std::make_shared<Loop>(statement, scope_, MakeList(std::move(items)), depth);
  if (!RunLoop(statement, loop)) {
    ScopeGuard scope(*this);
    Execute(statement.bodies[1]);
  }
}

std::vector<Value> Interpreter::FilterItems(const Statement& statement, std::vector<Value> items) {
  std::vector<Value> kept;
  for (Value& item : items) {
    ScopeGuard scope(*this);
    Assign(*statement.target, item);
    if (Evaluate(*statement.expressions[1]).Truth()) kept.push_back(std::move(item));
  }
  return kept;
}

bool Interpreter::RunLoop(const Statement& statement, const std::shared_ptr<Loop>& loop) {
  bool completed = false;
  for (; loop->index() < loop->size(); loop->Advance()) {
    ScopeGuard scope(*this);
    Assign("loop", Value(std::shared_ptr<Object>(loop)));
    Assign(*statement.target, loop->current());
    Flow flow = Execute(statement.bodies[0]);
    if (flow == Flow::kBreak) break;
    completed |= flow == Flow::kNormal;
  }
  return completed;
}

Value Interpreter::RunLoopAgain(const Statement& statement, const std::shared_ptr<Scope>& scope, const Value& items,
                                int64_t depth) {
  DepthGuard guard(*this);
  ScopeGuard outer(*this, scope);
  Text captured;
  Text* output = std::exchange(output_, &captured);
  ExecuteFor(statement, items, depth);
  output_ = output;
  return MakeString(std::move(captured));
}

void Interpreter::ExecuteSetBlock(const Statement& statement) {
  Value text;
  {
    ScopeGuard scope(*this);
    text = EvaluateFilters(statement.expressions[0].get(), MakeString(Capture(statement.bodies[0])));
  }
  Assign(*statement.target, text);
}

void Interpreter::ExecuteWith(const Statement& statement) {
  std::vector<Value> values = EvaluateAll(statement.expressions);
  ScopeGuard scope(*this);
  for (size_t i = 0; i < values.size(); ++i) Assign(*statement.targets[i], values[i]);
  Execute(statement.bodies[0]);
}

void Interpreter::ExecuteCallBlock(const Statement& statement) {
  Value caller = MakeMacro(statement);
  Emit(ToText(budget_, EvaluateCall(*statement.expressions[0], &caller)));
}

Value Interpreter::EvaluateFilters(const Expression* filter, const Value& input) {
  if (!filter) return input;
  Value inner = EvaluateFilters(filter->operands[0].get(), input);
  Arguments arguments = EvaluateArguments(*filter, 1);
  line_ = filter->line;
  return ApplyFilter(filter->name, inner, arguments);
}

Value Interpreter::MakeMacro(const Statement& statement) {
  budget_.Make(sizeof(Scope) + sizeof(Macro));
  if (captured_scopes_.empty() || captured_scopes_.back() != scope_) captured_scopes_.push_back(scope_);
  return Value(std::shared_ptr<Object>(std::make_shared<Macro>(statement, scope_)));
}

Value Interpreter::CallMacro(const Statement& macro, const std::shared_ptr<Scope>& closure, Arguments arguments) {
  DepthGuard depth(*this);
  ScopeGuard scope(*this, closure);
  BindParameters(macro, arguments);
  return MakeString(Capture(macro.bodies[0]));
}

namespace {

std::optional<Value> TakeNamed(Arguments& arguments, std::string_view name) {
  for (auto named = arguments.named.begin(); named != arguments.named.end(); ++named) {
    if (named->first != name) continue;
    std::optional<Value> value(std::move(named->second));
    arguments.named.erase(named);
    return value;
  }
  return std::nullopt;
}

}  // namespace

void Interpreter::BindParameters(const Statement& macro, Arguments& arguments) {
  std::vector<Value>& positional = arguments.positional;
  size_t given = std::min(positional.size(), macro.parameters.size());
  bool has_caller_parameter = false;
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    has_caller_parameter |= parameter.name == "caller";
    if (i < given) {
      Assign(parameter.name, std::move(positional[i]));
    } else if (std::optional<Value> named = TakeNamed(arguments, parameter.name)) {
      Assign(parameter.name, std::move(*named));
    } else if (parameter.default_value) {
      Assign(parameter.name, Evaluate(*parameter.default_value));
    } else {
      Assign(parameter.name, Value::MakeUndefined(fmt::format("parameter '{}' was not provided", parameter.name)));
    }
  }
  positional.erase(positional.begin(), positional.begin() + static_cast<ptrdiff_t>(given));
  if (macro.uses_caller && !has_caller_parameter) {
    std::optional<Value> caller = TakeNamed(arguments, "caller");
    Assign("caller", caller ? std::move(*caller) : Value::MakeUndefined("No caller defined"));
  }
  if (macro.uses_kwargs) {
    Dict rest;
    for (auto& [name, value] : arguments.named) rest.Set(MakeString(Text(name, Origin::kTemplate)), std::move(value));
    Assign("kwargs", Value::MakeDict(budget_, std::move(rest)));
  } else if (!arguments.named.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "macro '{}' takes no keyword argument '{}'", macro.name,
                arguments.named.front().first);
  }
  if (macro.uses_varargs) {
    Assign("varargs", MakeList(std::move(positional), List::Kind::kTuple));
  } else if (!positional.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "macro '{}' takes not more than {} argument(s)", macro.name,
                macro.parameters.size());
  }
}

void Interpreter::Assign(const Expression& target, const Value& value) {
  if (target.kind == ExpressionKind::kName) return Assign(target.name, value);
  if (target.kind == ExpressionKind::kTuple) return AssignTuple(target, value);
  Value holder = EvaluateName(target);
  auto* space = holder.IsObject() ? dynamic_cast<Namespace*>(holder.object().get()) : nullptr;
  if (!space) {
    throw Error(ErrorCategory::kInvalidArgument, "cannot assign attribute '{}': '{}' is not a namespace",
                target.attribute, target.name);
  }
  budget_.Make(sizeof(Value) + target.attribute.size());
  space->Set(target.attribute, value);
}

void Interpreter::AssignTuple(const Expression& target, const Value& value) {
  std::vector<Value> items = Iterate(budget_, value);
  if (items.size() != target.operands.size()) {
    throw Error(ErrorCategory::kInvalidArgument, "cannot unpack {} values into {} names", items.size(),
                target.operands.size());
  }
  for (size_t i = 0; i < items.size(); ++i) Assign(*target.operands[i], items[i]);
}

Value Interpreter::MakeNamespace(const Arguments& arguments) {
  budget_.Make(sizeof(Namespace) + arguments.named.size() * 2 * sizeof(Value));
  auto space = std::make_shared<Namespace>();
  for (const auto& [name, value] : arguments.named) space->Set(name, value);
  namespaces_.push_back(space);
  return Value(std::shared_ptr<Object>(std::move(space)));
}

}  // namespace sheepop::jinja
