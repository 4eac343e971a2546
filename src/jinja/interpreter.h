// Walks a parsed template. One Interpreter is one render, on one thread; it is bounded by Limits in time and memory,
// and reaches nothing but its variables, the functions of functions.cc and the clock value it was given.
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.h"
#include "jinja/value.h"

namespace sheepop::jinja {

class Loop;

// Names are looked up here, then in the parents. The keys live in the template or in the render's variables.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::map<std::string_view, Value> variables;
};

class Interpreter {
 public:
  Interpreter(const Limits& limits, std::time_t now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // `name` outlives the interpreter.
  void Define(std::string_view name, Value value);
  // Throws Error; the message names the line.
  Text Render(const Body& body);

  Budget& budget() { return budget_; }
  std::time_t now() const { return now_; }

  Value Call(const Value& callee, Arguments arguments);
  Value CallMacro(const Statement& macro, const std::shared_ptr<Scope>& closure, Arguments arguments);
  // The body of a recursive loop over `items`, as text.
  Value RunLoopAgain(const Statement& loop, const std::shared_ptr<Scope>& scope, const Value& items, int64_t depth);
  Value ApplyFilter(std::string_view name, const Value& input, const Arguments& arguments);
  bool ApplyTest(std::string_view name, const Value& input, const Arguments& arguments);
  // object.name: a method, then an entry; undefined when there is neither.
  Value GetAttribute(const Value& object, std::string_view name);
  // object[key]: an entry, then a method.
  Value GetItem(const Value& object, const Value& key);
  Value MakeNamespace(const Arguments& arguments);

  Value MakeString(Text text, bool safe = false) { return Value::MakeString(budget_, std::move(text), safe); }
  Value MakeList(std::vector<Value> items, List::Kind kind = List::Kind::kList) {
    return Value::MakeList(budget_, std::move(items), kind);
  }

 private:
  enum class Flow { kNormal, kBreak, kContinue };
  class DepthGuard;
  class ScopeGuard;

  // statements.cc
  Flow Execute(const Body& body);
  Flow Execute(const Statement& statement);
  Flow ExecuteIf(const Statement& statement);
  void ExecuteOutput(const Statement& statement);
  void ExecuteFor(const Statement& statement, const Value& items, int64_t depth);
  // Whether any turn reached the end of the body: break and continue do not, and then the else runs, as in Jinja.
  bool RunLoop(const Statement& statement, const std::shared_ptr<Loop>& loop);
  std::vector<Value> FilterItems(const Statement& statement, std::vector<Value> items);
  void ExecuteSetBlock(const Statement& statement);
  void ExecuteWith(const Statement& statement);
  void ExecuteCallBlock(const Statement& statement);
  void Emit(const Text& text);
  Text Capture(const Body& body);
  Value MakeMacro(const Statement& statement);
  void Assign(const Expression& target, const Value& value);
  void Assign(std::string_view name, Value value) { scope_->variables[name] = std::move(value); }
  void AssignTuple(const Expression& target, const Value& value);
  void BindParameters(const Statement& macro, Arguments& arguments);
  // The filters of a filter block, from the innermost.
  Value EvaluateFilters(const Expression* filter, const Value& input);

  // expressions.cc
  Value Evaluate(const Expression& expression);
  Value EvaluateName(const Expression& expression);
  Value EvaluateDict(const Expression& expression);
  Value EvaluateItem(const Expression& expression);
  Value EvaluateSlice(const Value& object, const Expression& slice);
  Value EvaluateCall(const Expression& expression, const Value* caller = nullptr);
  Value EvaluateConcat(const Expression& expression);
  Value EvaluateCompare(const Expression& expression);
  Value EvaluateBinary(const Expression& expression);
  Value EvaluateSign(const Expression& expression);
  Value EvaluateConditional(const Expression& expression);
  Arguments EvaluateArguments(const Expression& expression, size_t first);
  std::vector<Value> EvaluateAll(const std::vector<ExpressionPtr>& expressions);

  Budget budget_;
  std::time_t now_;
  std::shared_ptr<Scope> scope_;
  Text* output_ = nullptr;
  size_t emitted_ = 0;
  uint32_t depth_ = 0;
  int line_ = 1;
  // What can form cycles is kept here and emptied at the end.
  std::vector<std::shared_ptr<Scope>> captured_scopes_;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
};

// The tables of what templates may call. Null when there is no such thing.
using FilterFunction = Value (*)(Interpreter&, const Value& input, const Arguments&);
using TestFunction = bool (*)(Interpreter&, const Value& input, const Arguments&);
using MethodFunction = Value (*)(Interpreter&, const Value& self, const Arguments&);
FilterFunction FindFilter(std::string_view name);
TestFunction FindTest(std::string_view name);
MethodFunction FindMethod(const Value& self, std::string_view name);
std::optional<Value> FindFunction(std::string_view name);  // range, namespace, ...

// a + b and so on, with Python's meaning (operators.cc).
Value ApplyBinary(Interpreter& interpreter, Operator operation, const Value& a, const Value& b);
bool Contains(Interpreter& interpreter, const Value& container, const Value& item);

// Throws for what is undefined, saying why.
void RequireDefined(const Value& value);

}  // namespace sheepop::jinja
