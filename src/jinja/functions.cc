// The functions a template may call by name: range, dict, namespace, raise_exception, strftime_now.

#include <fmt/core.h>

#include "base/error.h"
#include "jinja/format.h"
#include "jinja/interpreter.h"

namespace sheepop::jinja {

namespace {

using Function = Value (*)(Interpreter&, const Arguments&);

constexpr int64_t kMaxRange = 100'000;

int64_t Integer(const Value& value) {
  RequireDefined(value);
  if (!value.IsIntegral()) {
    throw Error(ErrorCategory::kInvalidArgument, "range() takes integers, not '{}'", value.TypeName());
  }
  return value.integral();
}

Value Range(Interpreter& interpreter, const Arguments& arguments) {
  auto bound = Bind("range", arguments, {"start", "stop", "step"}, 1);
  int64_t start = bound[1] ? Integer(*bound[0]) : 0;
  int64_t stop = Integer(bound[1] ? *bound[1] : *bound[0]);
  int64_t step = bound[2] ? Integer(*bound[2]) : 1;
  if (step == 0) throw Error(ErrorCategory::kInvalidArgument, "range() takes a step other than 0");
  std::vector<Value> items;
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (items.size() >= static_cast<size_t>(kMaxRange)) {
      throw Error(ErrorCategory::kLimit, "range({}, {}, {}) has more than {} items", start, stop, step, kMaxRange);
    }
    items.push_back(Value(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  interpreter.budget().Make(items.size() * sizeof(Value));
  List list{List::Kind::kRange, std::move(items), fmt::format("range({}, {})", start, stop), 1};
  if (step != 1) list.printed = fmt::format("range({}, {}, {})", start, stop, step);
  return Value(std::make_shared<const List>(std::move(list)));
}

Value MakeDictionary(Interpreter& interpreter, const Arguments& arguments) {
  Dict dict;
  if (arguments.positional.size() > 1) {
    throw Error(ErrorCategory::kInvalidArgument, "dict() takes at most 1 positional argument");
  }
  if (!arguments.positional.empty() && arguments.positional[0].IsDict()) {
    for (const auto& [key, value] : arguments.positional[0].dict().entries()) dict.Set(key, value);
  } else if (!arguments.positional.empty()) {
    for (const Value& pair : Iterate(interpreter.budget(), arguments.positional[0])) {
      std::vector<Value> items = Iterate(interpreter.budget(), pair);
      if (items.size() != 2) throw Error(ErrorCategory::kInvalidArgument, "dict() takes pairs");
      dict.Set(items[0], items[1]);
    }
  }
  for (const auto& [name, value] : arguments.named)
    dict.Set(interpreter.MakeString(Text(name, Origin::kTemplate)), value);
  return Value::MakeDict(interpreter.budget(), std::move(dict));
}

Value MakeNamespace(Interpreter& interpreter, const Arguments& arguments) {
  Value dict = MakeDictionary(interpreter, arguments);
  Arguments attributes;
  for (const auto& [name, value] : dict.dict().entries()) {
    if (!name.IsString()) throw Error(ErrorCategory::kInvalidArgument, "namespace() takes names that are strings");
    attributes.named.emplace_back(name.bytes(), value);
  }
  return interpreter.MakeNamespace(attributes);
}

Value RaiseException(Interpreter& interpreter, const Arguments& arguments) {
  auto bound = Bind("raise_exception", arguments, {"message"}, 1);
  throw Error(ErrorCategory::kInvalidArgument, "{}", ToText(interpreter.budget(), *bound[0]).bytes());
}

Value StrftimeNow(Interpreter& interpreter, const Arguments& arguments) {
  auto bound = Bind("strftime_now", arguments, {"format"}, 1);
  if (!bound[0]->IsString()) throw Error(ErrorCategory::kInvalidArgument, "strftime_now() takes a string");
  const Text& format = bound[0]->text();
  return interpreter.MakeString(Text(FormatTime(format.bytes(), interpreter.now()), format.origin()));
}

class NamedFunction : public Object {
 public:
  NamedFunction(std::string_view name, Function function) : name_(name), function_(function) {}

  std::string TypeName() const override { return fmt::format("function {}", name_); }
  bool callable() const override { return true; }
  Value Call(Interpreter& interpreter, Arguments arguments) override { return function_(interpreter, arguments); }

 private:
  std::string_view name_;
  Function function_;
};

}  // namespace

std::optional<Value> FindFunction(std::string_view name) {
  static constexpr std::pair<std::string_view, Function> kFunctions[] = {{"range", Range},
                                                                         {"dict", MakeDictionary},
                                                                         {"namespace", MakeNamespace},
                                                                         {"raise_exception", RaiseException},
                                                                         {"strftime_now", StrftimeNow}};
  for (const auto& [candidate, function] : kFunctions) {
    if (candidate == name) return Value(std::shared_ptr<Object>(std::make_shared<NamedFunction>(candidate, function)));
  }
  return std::nullopt;
}

}  // namespace sheepop::jinja
