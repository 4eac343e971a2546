// The filters, with the names, arguments and results of Jinja's; tojson as transformers defines it.

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "jinja/format.h"
#include "jinja/interpreter.h"
#include "jinja/lexer.h"
#include "jinja/string.h"

namespace sheepop::jinja {

namespace {

using Bound = std::vector<std::optional<Value>>;

[[noreturn]] void Fail(const std::string& message) { throw Error(ErrorCategory::kInvalidArgument, message); }

// The text a string filter works on: str(input), which is "" for what is undefined.
Text InputText(Interpreter& interpreter, const Value& input) {
  Text text = ToText(interpreter.budget(), input);
  interpreter.budget().Make(text.size());
  return text;
}

bool IsSafe(const Value& input) { return input.IsString() && input.string().safe; }

bool TruthOr(const std::optional<Value>& value, bool otherwise) { return value ? value->Truth() : otherwise; }

int64_t IntegerOr(const std::optional<Value>& value, int64_t otherwise) {
  if (!value) return otherwise;
  RequireDefined(*value);
  if (!value->IsIntegral()) Fail(fmt::format("an integer is needed, not '{}'", value->TypeName()));
  return value->integral();
}

template <Text (*Map)(const Text&)>
Value MapFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("upper", arguments, {});
  return interpreter.MakeString(Map(InputText(interpreter, input)), IsSafe(input));
}

Value TrimFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("trim", arguments, {"chars"});
  std::optional<std::string_view> characters;
  if (bound[0] && bound[0]->IsString()) characters = bound[0]->bytes();
  return interpreter.MakeString(Strip(InputText(interpreter, input), characters, Side::kBoth), IsSafe(input));
}

Value StringFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("string", arguments, {});
  return input.IsString() ? input : interpreter.MakeString(InputText(interpreter, input));
}

Value SafeFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("safe", arguments, {});
  return interpreter.MakeString(InputText(interpreter, input), true);
}

Value EscapeFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("escape", arguments, {});
  if (IsSafe(input)) return input;
  Text text = InputText(interpreter, input);
  interpreter.budget().Make(5 * text.size());
  return interpreter.MakeString(EscapeHtml(text), true);
}

Value LengthFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("length", arguments, {});
  if (input.IsUndefined()) return Value(int64_t{0});
  if (input.IsString()) {
    interpreter.budget().Work(input.text().size());
    return Value(static_cast<int64_t>(CountCodePoints(input.bytes())));
  }
  if (input.IsDict()) return Value(static_cast<int64_t>(input.dict().entries().size()));
  if (input.IsList() && input.list().kind != List::Kind::kIterator) {
    return Value(static_cast<int64_t>(input.list().items.size()));
  }
  Fail(fmt::format("object of type '{}' has no length", input.TypeName()));
}

Value DefaultFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("default", arguments, {"default_value", "boolean"});
  bool replace = input.IsUndefined() || (TruthOr(bound[1], false) && !input.Truth());
  return !replace ? input : bound[0] ? *bound[0] : interpreter.MakeString(Text());
}

Value ToJsonFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = TruthOr(bound[0], false);
  style.sort_keys = TruthOr(bound[3], false);
  if (bound[1] && !bound[1]->IsNone()) {
    style.multiline = true;
    style.item_separator = ",";
    if (bound[1]->IsString()) {
      style.indent = bound[1]->bytes();
    } else {
      style.indent.assign(static_cast<size_t>(std::clamp<int64_t>(IntegerOr(bound[1], 0), 0, 1000)), ' ');
    }
  }
  if (bound[2] && !bound[2]->IsNone()) {
    std::vector<Value> separators = Iterate(interpreter.budget(), *bound[2]);
    if (separators.size() != 2 || !separators[0].IsString() || !separators[1].IsString()) {
      Fail("tojson takes two strings as separators");
    }
    style.item_separator = separators[0].bytes();
    style.key_separator = separators[1].bytes();
  }
  return interpreter.MakeString(ToJson(interpreter.budget(), input, style));
}

// --- attributes ---

// "a.b.0" as the keys to follow.
std::vector<Value> AttributePath(const Value& attribute) {
  if (!attribute.IsString()) return {attribute};
  std::vector<Value> path;
  for (const Text& part : Split(attribute.text(), ".", -1)) {
    int64_t index = 0;
    const std::string& bytes = part.bytes();
    auto result = std::from_chars(bytes.data(), bytes.data() + bytes.size(), index);
    bool is_index =
        !bytes.empty() && bytes.front() != '-' && result.ec == std::errc() && result.ptr == bytes.data() + bytes.size();
    path.push_back(is_index ? Value(index) : Value::Literal(bytes));
  }
  return path;
}

Value FollowPath(Interpreter& interpreter, Value item, const std::vector<Value>& path,
                 const std::optional<Value>& otherwise = std::nullopt) {
  for (const Value& key : path) {
    interpreter.budget().Step();
    item = interpreter.GetItem(item, key);
    if (otherwise && !otherwise->IsNone() && item.IsUndefined()) item = *otherwise;
  }
  return item;
}

Value IgnoreCase(Interpreter& interpreter, const Value& value, bool case_sensitive) {
  if (case_sensitive || !value.IsString()) return value;
  interpreter.budget().Make(value.text().size());
  return interpreter.MakeString(Lower(value.text()));
}

// What items are compared by: an attribute of each (or itself), strings in lower case unless `case_sensitive`.
class KeyOf {
 public:
  KeyOf(Interpreter& interpreter, const std::optional<Value>& attribute, bool case_sensitive)
      : interpreter_(interpreter), case_sensitive_(case_sensitive) {
    if (attribute && !attribute->IsNone()) path_ = AttributePath(*attribute);
  }
  Value operator()(const Value& item) const {
    return IgnoreCase(interpreter_, FollowPath(interpreter_, item, path_), case_sensitive_);
  }

 private:
  Interpreter& interpreter_;
  std::vector<Value> path_;
  bool case_sensitive_;
};

struct Keyed {
  Value key;
  Value item;
};

std::vector<Value> SortByKey(Interpreter& interpreter, std::vector<Keyed> keyed, bool reverse) {
  Budget& budget = interpreter.budget();
  // Reversed twice, so that equal items keep their order as in Python.
  if (reverse) std::reverse(keyed.begin(), keyed.end());
  std::stable_sort(keyed.begin(), keyed.end(),
                   [&budget](const Keyed& a, const Keyed& b) { return Less(budget, a.key, b.key); });
  if (reverse) std::reverse(keyed.begin(), keyed.end());
  std::vector<Value> sorted;
  for (Keyed& entry : keyed) sorted.push_back(std::move(entry.item));
  return sorted;
}

Value SortFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  bool case_sensitive = TruthOr(bound[1], false);
  std::vector<KeyOf> keys;
  if (bound[2] && bound[2]->IsString()) {
    for (const Text& name : Split(bound[2]->text(), ",", -1)) {
      keys.emplace_back(interpreter, Value::Literal(name.bytes()), case_sensitive);
    }
  } else {
    keys.emplace_back(interpreter, bound[2], case_sensitive);
  }
  std::vector<Keyed> keyed;
  for (Value& item : Iterate(interpreter.budget(), input)) {
    std::vector<Value> parts;
    for (const KeyOf& key : keys) parts.push_back(key(item));
    keyed.push_back({interpreter.MakeList(std::move(parts)), std::move(item)});
  }
  return interpreter.MakeList(SortByKey(interpreter, std::move(keyed), TruthOr(bound[0], false)));
}

Value DictSortFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  RequireDefined(input);
  if (!input.IsDict()) Fail(fmt::format("dictsort takes a mapping, not '{}'", input.TypeName()));
  bool by_value = bound[1] && bound[1]->IsString() && bound[1]->bytes() == "value";
  if (bound[1] && !by_value && !(bound[1]->IsString() && bound[1]->bytes() == "key")) {
    Fail("dictsort sorts by 'key' or 'value'");
  }
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : input.dict().entries()) {
    keyed.push_back({IgnoreCase(interpreter, by_value ? value : key, TruthOr(bound[0], false)),
                     interpreter.MakeList({key, value}, List::Kind::kTuple)});
  }
  return interpreter.MakeList(SortByKey(interpreter, std::move(keyed), TruthOr(bound[2], false)));
}

Value UniqueFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("unique", arguments, {"case_sensitive", "attribute"});
  KeyOf key_of(interpreter, bound[1], TruthOr(bound[0], false));
  Dict seen;
  std::vector<Value> unique;
  for (Value& item : Iterate(interpreter.budget(), input)) {
    Value key = key_of(item);
    if (key.IsString()) interpreter.budget().Make(key.text().size());
    if (seen.Find(key)) continue;
    seen.Set(std::move(key), Value());
    unique.push_back(std::move(item));
  }
  return interpreter.MakeList(std::move(unique), List::Kind::kIterator);
}

template <bool maximum>
Value ExtremeFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("min", arguments, {"case_sensitive", "attribute"});
  KeyOf key_of(interpreter, bound[1], TruthOr(bound[0], false));
  std::optional<Keyed> best;
  for (Value& item : Iterate(interpreter.budget(), input)) {
    Value key = key_of(item);
    if (best && !(maximum ? Less(interpreter.budget(), best->key, key) : Less(interpreter.budget(), key, best->key))) {
      continue;
    }
    best = Keyed{std::move(key), std::move(item)};
  }
  return best ? best->item : Value::MakeUndefined("No aggregated item, sequence was empty.");
}

Value GroupByFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  std::vector<Value> path = AttributePath(*bound[0]);
  bool case_sensitive = TruthOr(bound[2], false);
  std::vector<Keyed> keyed;
  for (Value& item : Iterate(interpreter.budget(), input)) {
    Value grouper = FollowPath(interpreter, item, path, bound[1]);
    Value pair = interpreter.MakeList({grouper, item}, List::Kind::kTuple);
    keyed.push_back({IgnoreCase(interpreter, grouper, case_sensitive), std::move(pair)});
  }
  std::vector<Value> pairs = SortByKey(interpreter, std::move(keyed), false);
  std::vector<Value> groups;
  for (size_t i = 0; i < pairs.size();) {
    const Value& grouper = pairs[i].list().items[0];
    Value key = IgnoreCase(interpreter, grouper, case_sensitive);
    std::vector<Value> members;
    for (; i < pairs.size(); ++i) {
      const std::vector<Value>& pair = pairs[i].list().items;
      if (!Equal(interpreter.budget(), key, IgnoreCase(interpreter, pair[0], case_sensitive))) break;
      members.push_back(pair[1]);
    }
    groups.push_back(interpreter.MakeList({grouper, interpreter.MakeList(std::move(members))}, List::Kind::kTuple));
  }
  return interpreter.MakeList(std::move(groups));
}

// --- map, select and their kin ---

Arguments Rest(const Arguments& arguments, size_t from) {
  Arguments rest;
  for (size_t i = from; i < arguments.positional.size(); ++i) rest.positional.push_back(arguments.positional[i]);
  rest.named = arguments.named;
  return rest;
}

Value MapOverFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  std::vector<Value> mapped;
  if (!input.Truth()) return interpreter.MakeList({}, List::Kind::kIterator);
  if (arguments.positional.empty()) {
    Bound bound = Bind("map", arguments, {"attribute", "default"}, 1);
    std::vector<Value> path = AttributePath(*bound[0]);
    for (const Value& item : Iterate(interpreter.budget(), input)) {
      mapped.push_back(FollowPath(interpreter, item, path, bound[1]));
    }
  } else {
    if (!arguments.positional[0].IsString()) Fail("map takes the name of a filter");
    Arguments rest = Rest(arguments, 1);
    for (const Value& item : Iterate(interpreter.budget(), input)) {
      mapped.push_back(interpreter.ApplyFilter(arguments.positional[0].bytes(), item, rest));
    }
  }
  return interpreter.MakeList(std::move(mapped), List::Kind::kIterator);
}

template <bool by_attribute, bool keep>
Value SelectFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  if (!input.Truth()) return interpreter.MakeList({}, List::Kind::kIterator);
  size_t test_at = by_attribute ? 1 : 0;
  std::vector<Value> path;
  if (by_attribute) {
    if (arguments.positional.empty()) Fail("selectattr takes the name of an attribute");
    path = AttributePath(arguments.positional[0]);
  }
  bool tested = arguments.positional.size() > test_at;
  if (tested && !arguments.positional[test_at].IsString()) Fail("select takes the name of a test");
  Arguments rest = Rest(arguments, test_at + 1);
  std::vector<Value> selected;
  for (Value& item : Iterate(interpreter.budget(), input)) {
    Value looked_at = by_attribute ? FollowPath(interpreter, item, path) : item;
    bool holds =
        tested ? interpreter.ApplyTest(arguments.positional[test_at].bytes(), looked_at, rest) : looked_at.Truth();
    if (holds == keep) selected.push_back(std::move(item));
  }
  return interpreter.MakeList(std::move(selected), List::Kind::kIterator);
}

// --- sequences ---

Value JoinFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("join", arguments, {"d", "attribute"});
  Budget& budget = interpreter.budget();
  Text separator = bound[0] ? ToText(budget, *bound[0]) : Text();
  std::vector<Value> path;
  if (bound[1] && !bound[1]->IsNone()) path = AttributePath(*bound[1]);
  Text joined;
  bool first = true;
  for (const Value& item : Iterate(budget, input)) {
    Text part = ToText(budget, FollowPath(interpreter, item, path));
    budget.Make(part.size() + separator.size() + 2 * sizeof(Text::Run));
    if (!first) joined.Append(separator);
    first = false;
    joined.Append(part);
  }
  return interpreter.MakeString(std::move(joined));
}

Value FirstFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("first", arguments, {});
  std::vector<Value> items = Iterate(interpreter.budget(), input);
  return items.empty() ? Value::MakeUndefined("No first item, sequence was empty.") : items.front();
}

Value LastFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("last", arguments, {});
  if (input.IsList() && input.list().kind == List::Kind::kIterator) Fail("'generator' object is not reversible");
  std::vector<Value> items = Iterate(interpreter.budget(), input);
  return items.empty() ? Value::MakeUndefined("No last item, sequence was empty.") : items.back();
}

Value ListFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("list", arguments, {});
  return interpreter.MakeList(Iterate(interpreter.budget(), input));
}

Value ItemsFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("items", arguments, {});
  std::vector<Value> items;
  if (!input.IsUndefined()) {
    if (!input.IsDict()) Fail("Can only get item pairs from a mapping.");
    for (const auto& [key, value] : input.dict().entries()) {
      items.push_back(interpreter.MakeList({key, value}, List::Kind::kTuple));
    }
  }
  return interpreter.MakeList(std::move(items), List::Kind::kIterator);
}

Value ReverseFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("reverse", arguments, {});
  if (input.IsString()) {
    auto size = static_cast<int64_t>(CountCodePoints(input.bytes()));
    interpreter.budget().Make(input.text().size() + 8 * static_cast<uint64_t>(size));
    return interpreter.MakeString(PickCodePoints(input.text(), size - 1, -1, size), IsSafe(input));
  }
  std::vector<Value> items = Iterate(interpreter.budget(), input);
  std::reverse(items.begin(), items.end());
  return interpreter.MakeList(std::move(items), List::Kind::kIterator);
}

Value SumFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("sum", arguments, {"attribute", "start"});
  std::vector<Value> path;
  if (bound[0] && !bound[0]->IsNone()) path = AttributePath(*bound[0]);
  Value sum = bound[1].value_or(Value(int64_t{0}));
  for (const Value& item : Iterate(interpreter.budget(), input)) {
    sum = ApplyBinary(interpreter, Operator::kAdd, sum, FollowPath(interpreter, item, path));
  }
  return sum;
}

Value BatchFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("batch", arguments, {"linecount", "fill_with"}, 1);
  int64_t size = IntegerOr(bound[0], 0);
  if (size < 1) Fail("batch takes a size of at least 1");
  bool fill = bound[1] && !bound[1]->IsNone();
  std::vector<Value> batches;
  std::vector<Value> batch;
  for (Value& item : Iterate(interpreter.budget(), input)) {
    if (static_cast<int64_t>(batch.size()) == size) {
      batches.push_back(interpreter.MakeList(std::exchange(batch, {})));
    }
    batch.push_back(std::move(item));
  }
  if (!batch.empty()) {
    if (fill) {
      interpreter.budget().Make(std::min<uint64_t>(static_cast<uint64_t>(size), UINT64_MAX / 64) * sizeof(Value));
      batch.resize(static_cast<size_t>(size), *bound[1]);
    }
    batches.push_back(interpreter.MakeList(std::move(batch)));
  }
  return interpreter.MakeList(std::move(batches), List::Kind::kIterator);
}

// --- text ---

Value ReplaceFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("replace", arguments, {"old", "new", "count"}, 2);
  Text text = InputText(interpreter, input);
  Text wanted = ToText(interpreter.budget(), *bound[0]);
  Text with = ToText(interpreter.budget(), *bound[1]);
  int64_t limit = bound[2] && !bound[2]->IsNone() ? IntegerOr(bound[2], -1) : -1;
  int64_t count = CountText(text.bytes(), wanted.bytes());
  if (limit >= 0) count = std::min(count, limit);
  interpreter.budget().Make(text.size() + static_cast<uint64_t>(count) * (with.size() + sizeof(Text::Run)));
  return interpreter.MakeString(Replace(text, wanted.bytes(), with, limit), IsSafe(input));
}

Value IndentFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("indent", arguments, {"width", "first", "blank"});
  RequireDefined(input);
  if (!input.IsString()) Fail(fmt::format("indent takes a string, not '{}'", input.TypeName()));
  Text indent;
  if (bound[0] && bound[0]->IsString()) {
    indent = bound[0]->text();
  } else {
    int64_t width = std::clamp<int64_t>(IntegerOr(bound[0], 4), 0, 10'000);
    indent = Text(std::string(static_cast<size_t>(width), ' '), Origin::kTemplate);
  }
  interpreter.budget().Make(input.text().size() * 2);
  Text terminated = input.text();
  terminated.Append("\n", Origin::kTemplate);
  bool blank = TruthOr(bound[2], false);
  Text out;
  bool first = true;
  for (const Text& line : SplitLines(terminated, false)) {
    if (!first) out.Append("\n", Origin::kTemplate);
    if (first ? TruthOr(bound[1], false) : blank || !line.empty()) {
      interpreter.budget().Make(indent.size() + 2 * sizeof(Text::Run));
      out.Append(indent);
    }
    first = false;
    out.Append(line);
  }
  return interpreter.MakeString(std::move(out), IsSafe(input));
}

Value TruncateFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("truncate", arguments, {"length", "killwords", "end", "leeway"});
  if (!input.IsString() && !input.IsUndefined()) {
    Fail(fmt::format("truncate takes a string, not '{}'", input.TypeName()));
  }
  Text text = InputText(interpreter, input);
  int64_t length = IntegerOr(bound[0], 255);
  Text end = bound[2] ? ToText(interpreter.budget(), *bound[2]) : Text("...", Origin::kTemplate);
  int64_t leeway = bound[3] && !bound[3]->IsNone() ? IntegerOr(bound[3], 5) : 5;
  auto end_length = static_cast<int64_t>(CountCodePoints(end.bytes()));
  if (length < end_length || leeway < 0) Fail("truncate: the length must hold the end, and the leeway be 0 or more");
  auto size = static_cast<int64_t>(CountCodePoints(text.bytes()));
  if (size <= leeway || size - leeway <= length) return interpreter.MakeString(std::move(text));
  Text cut = SliceCodePoints(text, 0, static_cast<size_t>(length - end_length));
  if (!TruthOr(bound[1], false)) cut = SplitFromEnd(cut, " ", 1).front();
  cut.Append(end);
  return interpreter.MakeString(std::move(cut), IsSafe(input));
}

Value CenterFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("center", arguments, {"width"});
  Arguments width;
  width.positional.push_back(bound[0].value_or(Value(int64_t{80})));
  Value text = interpreter.MakeString(InputText(interpreter, input), IsSafe(input));
  return FindMethod(text, "center")(interpreter, text, width);
}

Value WordCountFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("wordcount", arguments, {});
  Text text = InputText(interpreter, input);
  return Value(CountWords(text.bytes()));
}

Value FormatFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) Fail("format takes positional or named arguments");
  Value format = interpreter.MakeString(InputText(interpreter, input));
  if (arguments.named.empty()) {
    return FormatPercent(interpreter, format, interpreter.MakeList(arguments.positional, List::Kind::kTuple));
  }
  Dict named;
  for (const auto& [name, value] : arguments.named)
    named.Set(interpreter.MakeString(Text(name, Origin::kTemplate)), value);
  return FormatPercent(interpreter, format, Value::MakeDict(interpreter.budget(), std::move(named)));
}

Value UrlEncodeText(Interpreter& interpreter, const Value& input) {
  Text text = InputText(interpreter, input);
  interpreter.budget().Make(text.size() * 3);
  Text out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text.bytes()[i];
    bool kept = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                std::string_view("_.-~/").find(c) != std::string_view::npos;
    out.Append(kept ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c)), text.OriginAt(i));
  }
  return interpreter.MakeString(std::move(out));
}

Value UrlEncodeFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("urlencode", arguments, {});
  if (input.IsDict() || input.IsList()) Fail("urlencode of a collection is not supported");
  return UrlEncodeText(interpreter, input);
}

// --- numbers ---

std::string Digits(std::string_view text) {
  std::string digits(StripEnd(StripFront(text)));
  std::erase(digits, '_');
  if (digits.starts_with('+')) digits.erase(0, 1);
  return digits;
}

std::optional<double> ParseFloat(std::string_view text) {
  std::string digits = Digits(text);
  double value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || result.ptr != digits.data() + digits.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseInteger(std::string_view text, int base) {
  std::string digits = Digits(text);
  bool negative = digits.starts_with('-');
  std::string_view rest = std::string_view(digits).substr(negative ? 1 : 0);
  bool prefixed = (base == 16 && (rest.starts_with("0x") || rest.starts_with("0X"))) ||
                  (base == 8 && (rest.starts_with("0o") || rest.starts_with("0O"))) ||
                  (base == 2 && (rest.starts_with("0b") || rest.starts_with("0B")));
  std::string number = (negative ? "-" : "") + std::string(rest.substr(prefixed ? 2 : 0));
  int64_t value = 0;
  auto result = std::from_chars(number.data(), number.data() + number.size(), value, base);
  if (result.ec == std::errc::result_out_of_range) {
    throw Error(ErrorCategory::kLimit, "the integer {:.40} exceeds 64 bits", number);
  }
  if (number.empty() || result.ec != std::errc() || result.ptr != number.data() + number.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> Truncate(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  if (std::abs(value) >= 9.2e18) throw Error(ErrorCategory::kLimit, "the integer {} exceeds 64 bits", value);
  return static_cast<int64_t>(value);
}

Value IntFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("int", arguments, {"default", "base"});
  RequireDefined(input);
  Value otherwise = bound[0].value_or(Value(int64_t{0}));
  if (input.IsIntegral()) return Value(input.integral()).WithOrigin(input.origin());
  std::optional<int64_t> number;
  Origin origin = input.origin();
  if (input.IsFloat()) {
    number = Truncate(input.number());
  } else if (input.IsString()) {
    interpreter.budget().Work(input.text().size());
    int64_t base = IntegerOr(bound[1], 10);
    if (base < 2 || base > 36) Fail("int takes a base from 2 to 36");
    number = ParseInteger(input.bytes(), static_cast<int>(base));
    std::optional<double> real = number ? std::nullopt : ParseFloat(input.bytes());
    if (real) number = Truncate(*real);
    origin = input.text().origin();
  }
  return number ? Value(*number).WithOrigin(origin) : otherwise;
}

Value FloatFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("float", arguments, {"default"});
  RequireDefined(input);
  if (input.IsNumber()) return Value(input.number()).WithOrigin(input.origin());
  Value otherwise = bound[0].value_or(Value(0.0));
  if (!input.IsString()) return otherwise;
  interpreter.budget().Work(input.text().size());
  std::optional<double> number = ParseFloat(input.bytes());
  return number ? Value(*number).WithOrigin(input.text().origin()) : otherwise;
}

Value AbsFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bind("abs", arguments, {});
  RequireDefined(input);
  if (!input.IsNumber()) Fail(fmt::format("abs takes a number, not '{}'", input.TypeName()));
  if (input.IsFloat()) return Value(std::abs(input.number())).WithOrigin(input.origin());
  Value value = Value(input.integral()).WithOrigin(input.origin());
  return input.integral() < 0 ? ApplyBinary(interpreter, Operator::kSubtract, Value(int64_t{0}), value) : value;
}

Value RoundFilter(Interpreter&, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("round", arguments, {"precision", "method"});
  RequireDefined(input);
  if (!input.IsNumber()) Fail(fmt::format("round takes a number, not '{}'", input.TypeName()));
  int64_t precision = std::clamp<int64_t>(IntegerOr(bound[0], 0), -300, 300);
  std::string method = bound[1] && bound[1]->IsString() ? bound[1]->bytes() : "common";
  double scale = std::pow(10.0, static_cast<double>(precision));
  double value = input.number();
  if (method == "ceil") return Value(std::ceil(value * scale) / scale).WithOrigin(input.origin());
  if (method == "floor") return Value(std::floor(value * scale) / scale).WithOrigin(input.origin());
  if (method != "common") Fail("round takes the method common, ceil or floor");
  if (!std::isfinite(value) || (input.IsIntegral() && precision >= 0)) {
    return input.IsBool() ? Value(input.integral()).WithOrigin(input.origin()) : input;
  }
  if (precision < 0) {
    double rounded = std::nearbyint(value * scale) / scale;
    return (input.IsFloat() ? Value(rounded) : Value(static_cast<int64_t>(rounded))).WithOrigin(input.origin());
  }
  // Rounds the exact value half to even, as Python does.
  std::string digits = fmt::format("{:.{}f}", value, precision);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return Value(value).WithOrigin(input.origin());
}

Value AttrFilter(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  Bound bound = Bind("attr", arguments, {"name"}, 1);
  RequireDefined(input);
  // Entries of a mapping are not attributes.
  bool known = bound[0]->IsString() && (input.IsObject() || FindMethod(input, bound[0]->bytes()));
  return known ? interpreter.GetAttribute(input, bound[0]->bytes())
               : Value::MakeUndefined(fmt::format("'{} object' has no such attribute", input.TypeName()));
}

constexpr std::pair<std::string_view, FilterFunction> kFilters[] = {
    {"abs", AbsFilter},
    {"attr", AttrFilter},
    {"batch", BatchFilter},
    {"capitalize", MapFilter<Capitalize>},
    {"center", CenterFilter},
    {"count", LengthFilter},
    {"d", DefaultFilter},
    {"default", DefaultFilter},
    {"dictsort", DictSortFilter},
    {"e", EscapeFilter},
    {"escape", EscapeFilter},
    {"first", FirstFilter},
    {"float", FloatFilter},
    {"format", FormatFilter},
    {"groupby", GroupByFilter},
    {"indent", IndentFilter},
    {"int", IntFilter},
    {"items", ItemsFilter},
    {"join", JoinFilter},
    {"last", LastFilter},
    {"length", LengthFilter},
    {"list", ListFilter},
    {"lower", MapFilter<Lower>},
    {"map", MapOverFilter},
    {"max", ExtremeFilter<true>},
    {"min", ExtremeFilter<false>},
    {"reject", SelectFilter<false, false>},
    {"rejectattr", SelectFilter<true, false>},
    {"replace", ReplaceFilter},
    {"reverse", ReverseFilter},
    {"round", RoundFilter},
    {"safe", SafeFilter},
    {"select", SelectFilter<false, true>},
    {"selectattr", SelectFilter<true, true>},
    {"sort", SortFilter},
    {"string", StringFilter},
    {"sum", SumFilter},
    {"title", MapFilter<FilterTitle>},
    {"tojson", ToJsonFilter},
    {"trim", TrimFilter},
    {"truncate", TruncateFilter},
    {"unique", UniqueFilter},
    {"upper", MapFilter<Upper>},
    {"urlencode", UrlEncodeFilter},
    {"wordcount", WordCountFilter},
};

}  // namespace

FilterFunction FindFilter(std::string_view name) {
  auto found = std::find_if(std::begin(kFilters), std::end(kFilters), [&](const auto& f) { return f.first == name; });
  return found == std::end(kFilters) ? nullptr : found->second;
}

}  // namespace sheepop::jinja
