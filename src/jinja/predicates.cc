// What may follow `is`: Jinja's tests.

#include <algorithm>

#include "base/error.h"
#include "jinja/interpreter.h"
#include "jinja/string.h"

namespace sheepop::jinja {

namespace {

Value Argument(const Arguments& arguments) { return *Bind("test", arguments, {"other"}, 1)[0]; }

bool HasRemainder(Interpreter& interpreter, const Value& input, int64_t divisor, int64_t remainder) {
  Value modulo = ApplyBinary(interpreter, Operator::kModulo, input, Value(divisor));
  return Equal(interpreter.budget(), modulo, Value(remainder));
}

bool IsDefined(Interpreter&, const Value& input, const Arguments&) { return !input.IsUndefined(); }
bool IsUndefined(Interpreter&, const Value& input, const Arguments&) { return input.IsUndefined(); }
bool IsNone(Interpreter&, const Value& input, const Arguments&) { return input.IsNone(); }
bool IsBoolean(Interpreter&, const Value& input, const Arguments&) { return input.IsBool(); }
bool IsTrue(Interpreter&, const Value& input, const Arguments&) { return input.IsBool() && input.as_bool(); }
bool IsFalse(Interpreter&, const Value& input, const Arguments&) { return input.IsBool() && !input.as_bool(); }
bool IsInteger(Interpreter&, const Value& input, const Arguments&) { return input.IsInt(); }
bool IsFloat(Interpreter&, const Value& input, const Arguments&) { return input.IsFloat(); }
bool IsNumber(Interpreter&, const Value& input, const Arguments&) { return input.IsNumber(); }
bool IsString(Interpreter&, const Value& input, const Arguments&) { return input.IsString(); }
bool IsMapping(Interpreter&, const Value& input, const Arguments&) { return input.IsDict(); }
bool IsCallable(Interpreter&, const Value& input, const Arguments&) {
  return input.IsObject() && input.object()->callable();
}
bool IsSequence(Interpreter&, const Value& input, const Arguments&) {
  return input.IsString() || input.IsSequenceList() || input.IsDict() || input.IsUndefined();
}
bool IsIterable(Interpreter&, const Value& input, const Arguments&) {
  return input.IsString() || input.IsList() || input.IsDict() || input.IsUndefined();
}
bool IsEscaped(Interpreter&, const Value& input, const Arguments&) { return input.IsString() && input.string().safe; }

template <bool (*Test)(std::string_view)>
bool HasCase(Interpreter& interpreter, const Value& input, const Arguments&) {
  Text text = ToText(interpreter.budget(), input);
  interpreter.budget().Work(text.size());
  return Test(text.bytes());
}

bool IsOdd(Interpreter& interpreter, const Value& input, const Arguments&) {
  return HasRemainder(interpreter, input, 2, 1);
}
bool IsEven(Interpreter& interpreter, const Value& input, const Arguments&) {
  return HasRemainder(interpreter, input, 2, 0);
}
bool IsDivisibleBy(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Value divisor = Argument(arguments);
  if (!divisor.IsIntegral()) throw Error(ErrorCategory::kInvalidArgument, "divisibleby takes an integer");
  return HasRemainder(interpreter, input, divisor.integral(), 0);
}

bool IsEqual(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  return Equal(interpreter.budget(), input, Argument(arguments));
}
bool IsNotEqual(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  return !IsEqual(interpreter, input, arguments);
}
bool IsLess(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  return Less(interpreter.budget(), input, Argument(arguments));
}
bool IsGreater(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  return Less(interpreter.budget(), Argument(arguments), input);
}
bool IsLessOrEqual(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  return IsLess(interpreter, input, arguments) || IsEqual(interpreter, input, arguments);
}
bool IsGreaterOrEqual(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  return IsGreater(interpreter, input, arguments) || IsEqual(interpreter, input, arguments);
}
bool IsIn(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  return Contains(interpreter, Argument(arguments), input);
}

// Whether both are the same object. Equal scalars of one type pass for the same.
bool IsSameAs(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Value other = Argument(arguments);
  if (input.data().index() != other.data().index()) return false;
  if (input.IsList()) return &input.list() == &other.list();
  if (input.IsDict()) return &input.dict() == &other.dict();
  return Equal(interpreter.budget(), input, other);
}

bool IsFilter(Interpreter&, const Value& input, const Arguments&) {
  return input.IsString() && FindFilter(input.bytes());
}
bool IsTest(Interpreter&, const Value& input, const Arguments&) { return input.IsString() && FindTest(input.bytes()); }

constexpr std::pair<std::string_view, TestFunction> kTests[] = {
    {"defined", IsDefined},
    {"undefined", IsUndefined},
    {"none", IsNone},
    {"boolean", IsBoolean},
    {"true", IsTrue},
    {"false", IsFalse},
    {"integer", IsInteger},
    {"float", IsFloat},
    {"number", IsNumber},
    {"string", IsString},
    {"mapping", IsMapping},
    {"sequence", IsSequence},
    {"iterable", IsIterable},
    {"callable", IsCallable},
    {"escaped", IsEscaped},
    {"lower", HasCase<IsLower>},
    {"upper", HasCase<IsUpper>},
    {"odd", IsOdd},
    {"even", IsEven},
    {"divisibleby", IsDivisibleBy},
    {"==", IsEqual},
    {"eq", IsEqual},
    {"equalto", IsEqual},
    {"!=", IsNotEqual},
    {"ne", IsNotEqual},
    {"<", IsLess},
    {"lt", IsLess},
    {"lessthan", IsLess},
    {"<=", IsLessOrEqual},
    {"le", IsLessOrEqual},
    {">", IsGreater},
    {"gt", IsGreater},
    {"greaterthan", IsGreater},
    {">=", IsGreaterOrEqual},
    {"ge", IsGreaterOrEqual},
    {"in", IsIn},
    {"sameas", IsSameAs},
    {"filter", IsFilter},
    {"test", IsTest},
};

}  // namespace

TestFunction FindTest(std::string_view name) {
  auto found = std::find_if(std::begin(kTests), std::end(kTests), [&](const auto& test) { return test.first == name; });
  return found == std::end(kTests) ? nullptr : found->second;
}

}  // namespace sheepop::jinja
