#include "jinja/value.h"

#include <fmt/core.h>
#include <utf8proc.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop::jinja {

void Budget::Step(uint64_t count) {
  steps_ += count;
  if (steps_ > limits_.steps) {
    throw Error(ErrorCategory::kLimit, "rendering takes more than {} steps", limits_.steps);
  }
}

void Budget::Make(uint64_t bytes) {
  Step(1 + bytes / 16);
  if (bytes > limits_.made_bytes - made_) {
    throw Error(ErrorCategory::kLimit, "rendering makes more than {} bytes of text and lists", limits_.made_bytes);
  }
  made_ += bytes;
}

namespace {

uint32_t CheckedNesting(uint32_t nesting) {
  if (nesting > kMaxNesting) {
    throw Error(ErrorCategory::kLimit, "lists and objects are nested deeper than {}", kMaxNesting);
  }
  return nesting;
}

std::string StringKey(std::string_view text) {
  std::string key(1, 's');
  key += text;
  return key;
}

// A key such that equal Python values, and no others, give the same bytes.
std::string HashKey(const Value& value) {
  if (value.IsString()) return StringKey(value.bytes());
  if (value.IsNone()) return "n";
  if (value.IsIntegral()) return fmt::format("i{}", value.integral());
  if (value.IsFloat()) {
    double number = value.number();
    if (std::trunc(number) == number && std::abs(number) < 9e18) {
      return fmt::format("i{}", static_cast<int64_t>(number));
    }
    return fmt::format("f{}", number);
  }
  if (value.IsList() && value.list().kind == List::Kind::kTuple) {
    std::string key = "t";
    for (const Value& item : value.list().items) {
      std::string part = HashKey(item);
      key += fmt::format("{}:{}", part.size(), part);
    }
    return key;
  }
  if (value.IsUndefined()) return "u";
  throw Error(ErrorCategory::kInvalidArgument, "unhashable type: '{}'", value.TypeName());
}

}  // namespace

void Dict::Set(Value key, Value value) {
  nesting_ = CheckedNesting(std::max({nesting_, key.Nesting() + 1, value.Nesting() + 1}));
  auto [found, added] = index_.try_emplace(HashKey(key), entries_.size());
  if (added) {
    entries_.emplace_back(std::move(key), std::move(value));
  } else {
    entries_[found->second].second = std::move(value);
  }
}

const Value* Dict::Find(const Value& key) const {
  auto found = index_.find(HashKey(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

const Value* Dict::Find(std::string_view key) const {
  auto found = index_.find(StringKey(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

Value Value::MakeUndefined(std::string message) {
  Value value;
  value.data_ = std::make_shared<const Undefined>(Undefined{std::move(message)});
  return value;
}

Value Value::MakeString(Budget& budget, Text text, bool safe) {
  budget.Make(text.size() + 16 * text.runs().size() + sizeof(String));
  return Value(std::make_shared<const String>(String{std::move(text), safe}));
}

Value Value::MakeList(Budget& budget, std::vector<Value> items, List::Kind kind) {
  budget.Make(items.size() * sizeof(Value) + sizeof(List));
  uint32_t nesting = 0;
  for (const Value& item : items) nesting = std::max(nesting, item.Nesting());
  return Value(std::make_shared<const List>(List{kind, std::move(items), "", CheckedNesting(nesting + 1)}));
}

Value Value::MakeDict(Budget& budget, Dict dict) {
  budget.Make(dict.entries().size() * (2 * sizeof(Value) + 64) + sizeof(Dict));
  return Value(std::make_shared<const Dict>(std::move(dict)));
}

Value Value::Literal(std::string_view text) {
  return Value(std::make_shared<const String>(String{Text(text, Origin::kTemplate), false}));
}

bool Value::IsSequenceList() const {
  return IsList() &&
         (list().kind == List::Kind::kList || list().kind == List::Kind::kTuple || list().kind == List::Kind::kRange);
}

const std::string& Value::undefined_message() const {
  return std::get<std::shared_ptr<const Undefined>>(data_)->message;
}

Value Value::WithOrigin(Origin origin) const {
  Value marked = *this;
  marked.origin_ = origin;
  return marked;
}

bool Value::Truth() const {
  if (IsNone() || IsUndefined()) return false;
  if (IsNumber()) return number() != 0;
  if (IsString()) return !text().empty();
  if (IsList()) return list().kind == List::Kind::kIterator || !list().items.empty();
  if (IsDict()) return !dict().entries().empty();
  return true;
}

uint32_t Value::Nesting() const {
  if (IsList()) return list().nesting;
  if (IsDict()) return dict().nesting();
  if (IsObject()) return object()->Nesting();
  return 0;
}

std::string Value::TypeName() const {
  if (IsNone()) return "NoneType";
  if (IsUndefined()) return "Undefined";
  if (IsBool()) return "bool";
  if (IsInt()) return "int";
  if (IsFloat()) return "float";
  if (IsString()) return string().safe ? "Markup" : "str";
  if (IsDict()) return "dict";
  if (IsObject()) return object()->TypeName();
  switch (list().kind) {
    case List::Kind::kList: return "list";
    case List::Kind::kTuple: return "tuple";
    case List::Kind::kRange: return "range";
    case List::Kind::kKeys: return "dict_keys";
    case List::Kind::kValues: return "dict_values";
    case List::Kind::kItems: return "dict_items";
    case List::Kind::kIterator: return "generator";
  }
  return "list";
}

std::vector<std::optional<Value>> Bind(std::string_view function, const Arguments& arguments,
                                       std::initializer_list<std::string_view> names, size_t required) {
  if (arguments.positional.size() > names.size()) {
    throw Error(ErrorCategory::kInvalidArgument, "{}() takes at most {} arguments, {} given", function, names.size(),
                arguments.positional.size());
  }
  std::vector<std::optional<Value>> values(arguments.positional.begin(), arguments.positional.end());
  values.resize(names.size());
  for (const auto& [name, value] : arguments.named) {
    auto found = std::find(names.begin(), names.end(), name);
    size_t position = static_cast<size_t>(found - names.begin());
    if (found == names.end()) {
      throw Error(ErrorCategory::kInvalidArgument, "{}() has no argument '{}'", function, name);
    }
    if (values[position]) {
      throw Error(ErrorCategory::kInvalidArgument, "{}() got two values for argument '{}'", function, name);
    }
    values[position] = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!values[i]) {
      throw Error(ErrorCategory::kInvalidArgument, "{}() misses its argument '{}'", function, names.begin()[i]);
    }
  }
  return values;
}

Value Object::Call(Interpreter&, Arguments) {
  throw Error(ErrorCategory::kInvalidArgument, "'{}' object is not callable", TypeName());
}

std::optional<Value> Namespace::Attribute(Interpreter&, std::string_view name) {
  auto found = attributes_.find(std::string(name));
  return found == attributes_.end() ? std::nullopt : std::optional<Value>(found->second);
}

namespace {

bool EqualLists(Budget& budget, const List& a, const List& b) {
  using Kind = List::Kind;
  // A generator or a view of values equals only itself.
  if (a.kind != b.kind || a.kind == Kind::kIterator || a.kind == Kind::kValues) return &a == &b;
  if (a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!Equal(budget, a.items[i], b.items[i])) return false;
  }
  return true;
}

bool EqualDicts(Budget& budget, const Dict& a, const Dict& b) {
  if (a.entries().size() != b.entries().size()) return false;
  for (const auto& [key, value] : a.entries()) {
    budget.Step();
    const Value* other = b.Find(key);
    if (!other || !Equal(budget, value, *other)) return false;
  }
  return true;
}

}  // namespace

bool Equal(Budget& budget, const Value& a, const Value& b) {
  budget.Step();
  if (a.IsIntegral() && b.IsIntegral()) return a.integral() == b.integral();
  if (a.IsNumber() && b.IsNumber()) return a.number() == b.number();
  if (a.data().index() != b.data().index()) return false;
  if (a.IsString()) {
    budget.Work(std::min(a.bytes().size(), b.bytes().size()));
    return a.bytes() == b.bytes();
  }
  if (a.IsList()) return EqualLists(budget, a.list(), b.list());
  if (a.IsDict()) return EqualDicts(budget, a.dict(), b.dict());
  if (a.IsObject()) return a.object() == b.object();
  return true;  // none, undefined
}

bool Less(Budget& budget, const Value& a, const Value& b) {
  budget.Step();
  if (a.IsIntegral() && b.IsIntegral()) return a.integral() < b.integral();
  if (a.IsNumber() && b.IsNumber()) return a.number() < b.number();
  for (const Value* value : {&a, &b}) {
    if (value->IsUndefined()) throw Error(ErrorCategory::kInvalidArgument, value->undefined_message());
  }
  if (a.IsString() && b.IsString()) {
    budget.Work(std::min(a.bytes().size(), b.bytes().size()));
    return a.bytes() < b.bytes();  // the order of UTF-8 bytes is that of code points
  }
  if (a.IsList() && b.IsList() && a.list().kind == b.list().kind && a.IsSequenceList()) {
    const auto& left = a.list().items;
    const auto& right = b.list().items;
    for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
      if (!Equal(budget, left[i], right[i])) return Less(budget, left[i], right[i]);
    }
    return left.size() < right.size();
  }
  throw Error(ErrorCategory::kInvalidArgument, "'{}' and '{}' cannot be ordered", a.TypeName(), b.TypeName());
}

std::vector<Value> Iterate(Budget& budget, const Value& value) {
  if (value.IsUndefined()) return {};
  if (value.IsList()) {
    budget.Make(value.list().items.size() * sizeof(Value));
    return value.list().items;
  }
  std::vector<Value> items;
  if (value.IsDict()) {
    budget.Make(value.dict().entries().size() * sizeof(Value));
    for (const auto& entry : value.dict().entries()) items.push_back(entry.first);
    return items;
  }
  if (value.IsString()) {
    const Text& text = value.text();
    for (size_t i = 0; i < text.size();) {
      size_t length = DecodeUtf8(std::string_view(text.bytes()).substr(i)).length;
      items.push_back(Value::MakeString(budget, text.Slice(i, i + length)));
      i += length;
    }
    return items;
  }
  throw Error(ErrorCategory::kInvalidArgument, "'{}' object is not iterable", value.TypeName());
}

std::string FormatFloat(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

namespace {

bool IsPrintable(char32_t c) {
  if (c == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS: return false;
    default: return true;
  }
}

void AppendEscaped(char32_t c, char quote, std::string& out) {
  if (c == static_cast<char32_t>(quote) || c == '\\') {
    out += '\\';
    out += static_cast<char>(c);
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else if (IsPrintable(c)) {
    AppendUtf8(c, out);
  } else if (c < 0x100) {
    out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
  } else if (c < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
  }
}

// Writes repr(value), and notes whether any of it is content.
class ReprWriter {
 public:
  explicit ReprWriter(Budget& budget) : budget_(budget) {}

  Text Finish() { return Text(out_, origin_); }

  void Write(const Value& value) {
    budget_.Step();
    origin_ = Joined(origin_, value.origin());
    if (value.IsString()) {
      WriteString(value.string());
    } else if (value.IsList()) {
      WriteList(value.list());
    } else if (value.IsDict()) {
      WriteDict(value.dict());
    } else if (value.IsUndefined()) {
      out_ += "Undefined";
    } else if (value.IsObject()) {
      out_ += fmt::format("<{}>", value.TypeName());
    } else {
      out_ += ToText(budget_, value).bytes();
    }
  }

 private:
  void WriteString(const String& string) {
    const std::string& bytes = string.text.bytes();
    budget_.Make(bytes.size());
    origin_ = Joined(origin_, string.text.origin());
    char quote = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos ? '"' : '\'';
    if (string.safe) out_ += "Markup(";
    out_ += quote;
    for (size_t i = 0; i < bytes.size();) {
      Utf8Step step = DecodeUtf8(std::string_view(bytes).substr(i));
      AppendEscaped(step.code_point, quote, out_);
      i += step.length;
    }
    out_ += quote;
    if (string.safe) out_ += ')';
  }

  void WriteList(const List& list) {
    if (list.kind == List::Kind::kRange) {
      out_ += list.printed;
      return;
    }
    bool tuple = list.kind == List::Kind::kTuple;
    bool view = list.kind != List::Kind::kList && !tuple;
    if (view) out_ += Value(std::shared_ptr<const List>(std::shared_ptr<void>(), &list)).TypeName() + "(";
    out_ += tuple ? '(' : '[';
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out_ += ", ";
      Write(list.items[i]);
    }
    if (tuple && list.items.size() == 1) out_ += ',';
    out_ += tuple ? ')' : ']';
    if (view) out_ += ')';
  }

  void WriteDict(const Dict& dict) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : dict.entries()) {
      if (!first) out_ += ", ";
      first = false;
      Write(key);
      out_ += ": ";
      Write(value);
    }
    out_ += '}';
  }

  Budget& budget_;
  std::string out_;
  Origin origin_ = Origin::kTemplate;
};

}  // namespace

Text ToText(Budget& budget, const Value& value) {
  if (value.IsString()) return value.text();
  if (value.IsUndefined()) return Text();
  if (value.IsNone()) return Text("None", value.origin());
  if (value.IsBool()) return Text(value.as_bool() ? "True" : "False", value.origin());
  if (value.IsInt()) return Text(fmt::format("{}", value.integral()), value.origin());
  if (value.IsFloat()) return Text(FormatFloat(value.number()), value.origin());
  return ToRepr(budget, value);
}

Text ToRepr(Budget& budget, const Value& value) {
  ReprWriter writer(budget);
  writer.Write(value);
  return writer.Finish();
}

}  // namespace sheepop::jinja
