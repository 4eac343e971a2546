// The methods of strings, mappings and lists that read; those that would change their object do not exist here.
#include <algorithm>
#include <span>

#include "base/error.h"
#include "jinja/format.h"
#include "jinja/interpreter.h"
#include "jinja/string.h"

namespace sheepop::jinja {

namespace {

using Bound = std::vector<std::optional<Value>>;

const Text& StringArgument(std::string_view function, const Value& value) {
  RequireDefined(value);
  if (!value.IsString()) {
    throw Error(ErrorCategory::kInvalidArgument, "{}() takes a string, not '{}'", function, value.TypeName());
  }
  return value.text();
}

std::optional<std::string_view> OptionalString(std::string_view function, const std::optional<Value>& value) {
  if (!value || value->IsNone()) return std::nullopt;
  return std::string_view(StringArgument(function, *value).bytes());
}

int64_t IntegerOr(std::string_view function, const std::optional<Value>& value, int64_t otherwise) {
  if (!value || value->IsNone()) return otherwise;
  RequireDefined(*value);
  if (!value->IsIntegral()) {
    throw Error(ErrorCategory::kInvalidArgument, "{}() takes an integer, not '{}'", function, value->TypeName());
  }
  return value->integral();
}

// A result of `self`: safe when it is.
Value Like(Interpreter& interpreter, const Value& self, Text text) {
  return interpreter.MakeString(std::move(text), self.string().safe);
}

Value ListLike(Interpreter& interpreter, const Value& self, std::vector<Text> parts, List::Kind kind) {
  std::vector<Value> items;
  for (Text& part : parts) items.push_back(Like(interpreter, self, std::move(part)));
  return interpreter.MakeList(std::move(items), kind);
}

template <Side side>
Value StripMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("strip", arguments, {"chars"});
  return Like(interpreter, self, Strip(self.text(), OptionalString("strip", bound[0]), side));
}

template <Text (*Map)(const Text&)>
Value MapMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bind("upper", arguments, {});
  interpreter.budget().Make(self.text().size());
  return Like(interpreter, self, Map(self.text()));
}

template <bool (*Test)(std::string_view)>
Value TestMethod(Interpreter&, const Value& self, const Arguments& arguments) {
  Bind("isupper", arguments, {});
  return Value(Test(self.bytes()));
}

template <auto SplitText>
Value SplitMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("split", arguments, {"sep", "maxsplit"});
  std::optional<std::string_view> separator = OptionalString("split", bound[0]);
  if (separator && separator->empty()) throw Error(ErrorCategory::kInvalidArgument, "split() by an empty separator");
  int64_t limit = IntegerOr("split", bound[1], -1);
  // Cuts can be many; their texts are counted one by one, the list of them here.
  interpreter.budget().Make(self.text().size() * 2);
  return ListLike(interpreter, self, SplitText(self.text(), separator, limit), List::Kind::kList);
}

Value SplitLinesMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("splitlines", arguments, {"keepends"});
  interpreter.budget().Make(self.text().size() * 2);
  return ListLike(interpreter, self, SplitLines(self.text(), bound[0] && bound[0]->Truth()), List::Kind::kList);
}

template <bool from_end>
Value PartitionMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("partition", arguments, {"sep"}, 1);
  const Text& separator = StringArgument("partition", *bound[0]);
  if (separator.empty()) throw Error(ErrorCategory::kInvalidArgument, "partition() by an empty separator");
  const Text& text = self.text();
  size_t at = from_end ? FindLastText(text.bytes(), separator.bytes()) : FindText(text.bytes(), separator.bytes());
  std::vector<Text> parts(3);
  if (at == std::string_view::npos) {
    parts[from_end ? 2 : 0] = text;
  } else {
    size_t end = at + separator.size();
    parts = {text.Slice(0, at), text.Slice(at, end), text.Slice(end, text.size())};
  }
  return ListLike(interpreter, self, std::move(parts), List::Kind::kTuple);
}

Value ReplaceMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("replace", arguments, {"old", "new", "count"}, 2);
  const Text& wanted = StringArgument("replace", *bound[0]);
  const Text& with = StringArgument("replace", *bound[1]);
  int64_t limit = IntegerOr("replace", bound[2], -1);
  int64_t count = CountText(self.bytes(), wanted.bytes());
  if (limit >= 0) count = std::min(count, limit);
  interpreter.budget().Make(self.text().size() + static_cast<uint64_t>(count) * (with.size() + sizeof(Text::Run)));
  return Like(interpreter, self, Replace(self.text(), wanted.bytes(), with, limit));
}

// The part of the text that find(), count(), startswith() with start and stop look at, and where it begins.
std::pair<std::string_view, size_t> Window(std::string_view text, const Bound& bound) {
  auto size = static_cast<int64_t>(CountCodePoints(text));
  auto clamp = [size](int64_t index) { return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size); };
  constexpr int64_t kFar = int64_t{1} << 60;
  int64_t begin = std::clamp(IntegerOr("find", bound[1], 0), -kFar, kFar);
  if (begin > size) return {std::string_view(), std::string_view::npos};
  begin = clamp(begin);
  int64_t end = std::max(begin, clamp(std::clamp(IntegerOr("find", bound[2], size), -kFar, kFar)));
  size_t first = ByteOfCodePoint(text, static_cast<size_t>(begin));
  size_t last = ByteOfCodePoint(text, static_cast<size_t>(end));
  return {text.substr(first, last - first), first};
}

template <bool from_end, bool must_exist>
Value FindMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("find", arguments, {"sub", "start", "end"}, 1);
  const std::string& wanted = StringArgument("find", *bound[0]).bytes();
  interpreter.budget().Work(self.text().size() + wanted.size());
  auto [window, begin] = Window(self.bytes(), bound);
  size_t at = begin == std::string_view::npos ? begin
              : from_end                      ? FindLastText(window, wanted)
                                              : FindText(window, wanted);
  if (at != std::string_view::npos) {
    return Value(static_cast<int64_t>(CountCodePoints(std::string_view(self.bytes()).substr(0, begin + at))));
  }
  if (must_exist) throw Error(ErrorCategory::kInvalidArgument, "index(): substring not found");
  return Value(int64_t{-1});
}

Value CountMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("count", arguments, {"sub", "start", "end"}, 1);
  const std::string& wanted = StringArgument("count", *bound[0]).bytes();
  interpreter.budget().Work(self.text().size());
  auto [window, begin] = Window(self.bytes(), bound);
  return Value(begin == std::string_view::npos ? int64_t{0} : CountText(window, wanted));
}

template <bool at_end>
Value StartsWithMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("startswith", arguments, {"prefix", "start", "end"}, 1);
  auto [window, begin] = Window(self.bytes(), bound);
  if (begin == std::string_view::npos) return Value(false);
  auto matches = [window = window, &interpreter](const Value& value) {
    const std::string& affix = StringArgument("startswith", value).bytes();
    interpreter.budget().Work(affix.size());
    return at_end ? window.ends_with(affix) : window.starts_with(affix);
  };
  if (!bound[0]->IsList() || bound[0]->list().kind != List::Kind::kTuple) return Value(matches(*bound[0]));
  const std::vector<Value>& affixes = bound[0]->list().items;
  interpreter.budget().Step(affixes.size());
  return Value(std::any_of(affixes.begin(), affixes.end(), matches));
}

template <bool at_end>
Value RemoveAffixMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("removeprefix", arguments, {"affix"}, 1);
  const std::string& affix = StringArgument("removeprefix", *bound[0]).bytes();
  const Text& text = self.text();
  if (at_end && text.bytes().ends_with(affix)) {
    return Like(interpreter, self, text.Slice(0, text.size() - affix.size()));
  }
  if (!at_end && text.bytes().starts_with(affix)) return Like(interpreter, self, text.Slice(affix.size(), text.size()));
  return self;
}

// Joins with the marks of the parts and of the separator.
Value JoinMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("join", arguments, {"iterable"}, 1);
  Text joined;
  bool first = true;
  for (const Value& item : Iterate(interpreter.budget(), *bound[0])) {
    const Text& part = StringArgument("join", item);
    interpreter.budget().Make(part.size() + self.text().size() + 2 * sizeof(Text::Run));
    if (!first) joined.Append(self.text());
    first = false;
    joined.Append(part);
  }
  return Like(interpreter, self, std::move(joined));
}

template <int place>  // -1: the text stands left, 0: centered, 1: right
Value JustifyMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("center", arguments, {"width", "fillchar"}, 1);
  Text fill = bound[1] ? StringArgument("center", *bound[1]) : Text(" ", Origin::kTemplate);
  if (CountCodePoints(fill.bytes()) != 1) {
    throw Error(ErrorCategory::kInvalidArgument, "the fill character must be exactly one character long");
  }
  int64_t missing = IntegerOr("center", bound[0], 0) - static_cast<int64_t>(CountCodePoints(self.bytes()));
  if (missing <= 0) return self;
  interpreter.budget().Make(self.text().size() + static_cast<uint64_t>(missing) * fill.size());
  // Python puts the odd one left when the width is odd.
  int64_t before = place < 0 ? 0 : place > 0 ? missing : missing / 2 + (missing & IntegerOr("center", bound[0], 0) & 1);
  Text text;
  for (int64_t i = 0; i < before; ++i) text.Append(fill);
  text.Append(self.text());
  for (int64_t i = before; i < missing; ++i) text.Append(fill);
  return Like(interpreter, self, std::move(text));
}

Value ZfillMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("zfill", arguments, {"width"}, 1);
  const Text& text = self.text();
  int64_t missing = IntegerOr("zfill", bound[0], 0) - static_cast<int64_t>(CountCodePoints(text.bytes()));
  if (missing <= 0) return self;
  interpreter.budget().Make(text.size() + static_cast<uint64_t>(missing));
  size_t sign = text.bytes().starts_with('-') || text.bytes().starts_with('+') ? 1 : 0;
  Text filled = text.Slice(0, sign);
  filled.Append(std::string(static_cast<size_t>(missing), '0'), Origin::kTemplate);
  filled.Append(text, sign, text.size());
  return Like(interpreter, self, std::move(filled));
}

Value FormatMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  return FormatBraces(interpreter, self, arguments);
}

Value GetMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("get", arguments, {"key", "default"}, 1);
  if (bound[0]->IsString()) interpreter.budget().Work(bound[0]->text().size());
  const Value* value = self.dict().Find(*bound[0]);
  return value ? *value : bound[1].value_or(Value());
}

template <List::Kind kind>
Value ViewMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bind("items", arguments, {});
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict().entries()) {
    if (kind == List::Kind::kKeys) items.push_back(key);
    if (kind == List::Kind::kValues) items.push_back(value);
    if (kind == List::Kind::kItems) items.push_back(interpreter.MakeList({key, value}, List::Kind::kTuple));
  }
  return interpreter.MakeList(std::move(items), kind);
}

Value CopyMethod(Interpreter&, const Value& self, const Arguments& arguments) {
  Bind("copy", arguments, {});
  return self;  // values never change, so a copy and the original are alike
}

Value ListIndexMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("index", arguments, {"value"}, 1);
  const std::vector<Value>& items = self.list().items;
  for (size_t i = 0; i < items.size(); ++i) {
    if (Equal(interpreter.budget(), items[i], *bound[0])) return Value(static_cast<int64_t>(i));
  }
  throw Error(ErrorCategory::kInvalidArgument, "index(): the value is not in the list");
}

Value ListCountMethod(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  Bound bound = Bind("count", arguments, {"value"}, 1);
  int64_t count = 0;
  for (const Value& item : self.list().items) count += Equal(interpreter.budget(), item, *bound[0]) ? 1 : 0;
  return Value(count);
}

using Named = std::pair<std::string_view, MethodFunction>;

constexpr Named kStringMethods[] = {
    {"strip", StripMethod<Side::kBoth>},
    {"lstrip", StripMethod<Side::kFront>},
    {"rstrip", StripMethod<Side::kEnd>},
    {"split", SplitMethod<Split>},
    {"rsplit", SplitMethod<SplitFromEnd>},
    {"splitlines", SplitLinesMethod},
    {"partition", PartitionMethod<false>},
    {"rpartition", PartitionMethod<true>},
    {"replace", ReplaceMethod},
    {"startswith", StartsWithMethod<false>},
    {"endswith", StartsWithMethod<true>},
    {"removeprefix", RemoveAffixMethod<false>},
    {"removesuffix", RemoveAffixMethod<true>},
    {"find", FindMethod<false, false>},
    {"rfind", FindMethod<true, false>},
    {"index", FindMethod<false, true>},
    {"rindex", FindMethod<true, true>},
    {"count", CountMethod},
    {"join", JoinMethod},
    {"upper", MapMethod<Upper>},
    {"lower", MapMethod<Lower>},
    {"title", MapMethod<Title>},
    {"capitalize", MapMethod<Capitalize>},
    {"swapcase", MapMethod<SwapCase>},
    {"casefold", MapMethod<Lower>},
    {"isupper", TestMethod<IsUpper>},
    {"islower", TestMethod<IsLower>},
    {"isspace", TestMethod<IsSpaceText>},
    {"isalpha", TestMethod<IsAlpha>},
    {"isalnum", TestMethod<IsAlnum>},
    {"isdigit", TestMethod<IsDigitText>},
    {"isdecimal", TestMethod<IsDigitText>},
    {"isnumeric", TestMethod<IsDigitText>},
    {"ljust", JustifyMethod<-1>},
    {"center", JustifyMethod<0>},
    {"rjust", JustifyMethod<1>},
    {"zfill", ZfillMethod},
    {"format", FormatMethod},
};

constexpr Named kDictMethods[] = {
    {"get", GetMethod},
    {"keys", ViewMethod<List::Kind::kKeys>},
    {"values", ViewMethod<List::Kind::kValues>},
    {"items", ViewMethod<List::Kind::kItems>},
    {"copy", CopyMethod},
};

constexpr Named kListMethods[] = {
    {"index", ListIndexMethod},
    {"count", ListCountMethod},
    {"copy", CopyMethod},
};

MethodFunction FindIn(std::span<const Named> methods, std::string_view name) {
  for (const auto& [candidate, method] : methods) {
    if (candidate == name) return method;
  }
  return nullptr;
}

}  // namespace

MethodFunction FindMethod(const Value& self, std::string_view name) {
  if (self.IsString()) return FindIn(kStringMethods, name);
  if (self.IsDict()) return FindIn(kDictMethods, name);
  if (self.IsSequenceList() && (name != "copy" || self.list().kind == List::Kind::kList)) {
    return FindIn(kListMethods, name);
  }
  return nullptr;
}

}  // namespace sheepop::jinja
