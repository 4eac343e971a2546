// Arithmetic and containment. Results on marked operands are marked.
#include <cmath>

#include "base/error.h"
#include "jinja/format.h"
#include "jinja/interpreter.h"
#include "jinja/string.h"

namespace sheepop::jinja {

namespace {

std::string_view Symbol(Operator operation) {
  static constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  return kSymbols[static_cast<size_t>(operation)];
}

[[noreturn]] void FailTypes(Operator operation, const Value& a, const Value& b) {
  throw Error(ErrorCategory::kInvalidArgument, "unsupported operand types for {}: '{}' and '{}'", Symbol(operation),
              a.TypeName(), b.TypeName());
}

[[noreturn]] void FailOverflow() { throw Error(ErrorCategory::kLimit, "an integer leaves the range of 64 bits"); }

void RequireNonZero(bool nonzero) {
  if (!nonzero) throw Error(ErrorCategory::kInvalidArgument, "division by zero");
}

int64_t FloorDivide(int64_t a, int64_t b) {
  RequireNonZero(b != 0);
  if (b == -1) {
    int64_t result;
    if (__builtin_sub_overflow(int64_t{0}, a, &result)) FailOverflow();
    return result;
  }
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

int64_t Modulo(int64_t a, int64_t b) {
  RequireNonZero(b != 0);
  if (b == -1) return 0;
  int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

int64_t Power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) FailOverflow();
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) FailOverflow();
  }
  return result;
}

Value Integers(Operator operation, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  switch (operation) {
    case Operator::kAdd: overflow = __builtin_add_overflow(a, b, &result); break;
    case Operator::kSubtract: overflow = __builtin_sub_overflow(a, b, &result); break;
    case Operator::kMultiply: overflow = __builtin_mul_overflow(a, b, &result); break;
    case Operator::kDivide: RequireNonZero(b != 0); return Value(static_cast<double>(a) / static_cast<double>(b));
    case Operator::kFloorDivide: return Value(FloorDivide(a, b));
    case Operator::kModulo: return Value(Modulo(a, b));
    default:
      if (b >= 0) return Value(Power(a, b));
      RequireNonZero(a != 0);
      return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
  if (overflow) FailOverflow();
  return Value(result);
}

double FloatModulo(double a, double b) {
  RequireNonZero(b != 0);
  double remainder = std::fmod(a, b);
  if (remainder != 0) return (remainder < 0) != (b < 0) ? remainder + b : remainder;
  return std::copysign(0.0, b);
}

Value Floats(Operator operation, double a, double b) {
  switch (operation) {
    case Operator::kAdd: return Value(a + b);
    case Operator::kSubtract: return Value(a - b);
    case Operator::kMultiply: return Value(a * b);
    case Operator::kDivide: RequireNonZero(b != 0); return Value(a / b);
    case Operator::kFloorDivide: RequireNonZero(b != 0); return Value(std::floor(a / b));
    case Operator::kModulo: return Value(FloatModulo(a, b));
    default:
      if (a == 0 && b < 0) RequireNonZero(false);
      if (a < 0 && std::floor(b) != b) {
        throw Error(ErrorCategory::kUnsupported, "complex numbers are not supported");
      }
      return Value(std::pow(a, b));
  }
}

Value AddStrings(Interpreter& interpreter, const String& a, const String& b) {
  interpreter.budget().Make(a.text.size() + b.text.size());
  bool safe = a.safe || b.safe;
  Text sum = safe && !a.safe ? EscapeHtml(a.text) : a.text;
  sum.Append(safe && !b.safe ? EscapeHtml(b.text) : b.text);
  return interpreter.MakeString(std::move(sum), safe);
}

Value AddLists(Interpreter& interpreter, const List& a, const List& b) {
  interpreter.budget().Make((a.items.size() + b.items.size()) * sizeof(Value));
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return interpreter.MakeList(std::move(items), a.kind);
}

bool IsPlainList(const Value& value) {
  return value.IsList() && (value.list().kind == List::Kind::kList || value.list().kind == List::Kind::kTuple);
}

// What `count` copies of `size` units of `unit` bytes take, before they are made.
void MakeCopies(Interpreter& interpreter, size_t size, size_t unit, int64_t count) {
  uint64_t bytes = 0;
  if (count > 0 && __builtin_mul_overflow(static_cast<uint64_t>(size) * unit, static_cast<uint64_t>(count), &bytes)) {
    bytes = UINT64_MAX;
  }
  // An empty text can be repeated without growing, but not without end.
  interpreter.budget().Make(std::min<uint64_t>(bytes, UINT64_MAX / 2));
}

Value Repeat(Interpreter& interpreter, const Value& value, const Value& times) {
  int64_t count = std::max<int64_t>(times.integral(), 0);
  if (value.IsString()) {
    MakeCopies(interpreter, value.text().size(), 1 + sizeof(Text::Run), count);
    Text repeated;
    if (value.text().empty()) count = 0;
    for (int64_t i = 0; i < count; ++i) repeated.Append(value.text());
    return interpreter.MakeString(std::move(repeated), value.string().safe);
  }
  MakeCopies(interpreter, value.list().items.size(), sizeof(Value), count);
  std::vector<Value> items;
  if (value.list().items.empty()) count = 0;
  for (int64_t i = 0; i < count; ++i) {
    items.insert(items.end(), value.list().items.begin(), value.list().items.end());
  }
  return interpreter.MakeList(std::move(items), value.list().kind);
}

}  // namespace

Value ApplyBinary(Interpreter& interpreter, Operator operation, const Value& a, const Value& b) {
  if (operation == Operator::kModulo && a.IsString()) return FormatPercent(interpreter, a, b);
  RequireDefined(a);
  RequireDefined(b);
  if (a.IsNumber() && b.IsNumber()) {
    bool integral = a.IsIntegral() && b.IsIntegral();
    Value result =
        integral ? Integers(operation, a.integral(), b.integral()) : Floats(operation, a.number(), b.number());
    return result.WithOrigin(Joined(a.origin(), b.origin()));
  }
  if (operation == Operator::kAdd && a.IsString() && b.IsString()) {
    return AddStrings(interpreter, a.string(), b.string());
  }
  if (operation == Operator::kAdd && IsPlainList(a) && IsPlainList(b) && a.list().kind == b.list().kind) {
    return AddLists(interpreter, a.list(), b.list());
  }
  auto repeatable = [](const Value& value) { return value.IsString() || IsPlainList(value); };
  if (operation == Operator::kMultiply && repeatable(a) && b.IsIntegral()) return Repeat(interpreter, a, b);
  if (operation == Operator::kMultiply && repeatable(b) && a.IsIntegral()) return Repeat(interpreter, b, a);
  FailTypes(operation, a, b);
}

bool Contains(Interpreter& interpreter, const Value& container, const Value& item) {
  Budget& budget = interpreter.budget();
  if (container.IsString()) {
    if (!item.IsString()) {
      throw Error(ErrorCategory::kInvalidArgument, "'in <string>' requires a string, not '{}'", item.TypeName());
    }
    budget.Work(container.text().size() + item.text().size());
    return FindText(container.bytes(), item.bytes()) != std::string_view::npos;
  }
  if (container.IsDict()) {
    if (item.IsString()) budget.Work(item.text().size());
    return container.dict().Find(item) != nullptr;
  }
  if (container.IsUndefined()) return false;
  if (!container.IsList()) {
    throw Error(ErrorCategory::kInvalidArgument, "'{}' object is not iterable", container.TypeName());
  }
  for (const Value& candidate : container.list().items) {
    if (Equal(budget, candidate, item)) return true;
  }
  return false;
}

}  // namespace sheepop::jinja
