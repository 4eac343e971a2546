// The values of the template language, with Python's meaning of truth, equality, order and text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "jinja/text.h"

namespace sheepop::jinja {

class Interpreter;
class Object;
class Value;
struct Arguments;

// What a render may use up. Going past a bound throws Error (kLimit) that names the bound.
struct Limits {
  uint64_t steps = 20'000'000;       // expressions, statements and 16-byte pieces of string work
  uint64_t made_bytes = 256 << 20;   // text and containers made by the template, over the whole render
  uint64_t output_bytes = 32 << 20;  // the rendered text
  uint32_t depth = 1000;             // nested evaluation: expressions, statements, macro calls
};

// Counts against Limits. Values are made through it, so none is made uncounted.
class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}

  const Limits& limits() const { return limits_; }
  void Step(uint64_t count = 1);
  // Reading or writing `bytes` of text.
  void Work(uint64_t bytes) { Step(bytes / 16); }
  // Before `bytes` more are made.
  void Make(uint64_t bytes);

 private:
  Limits limits_;
  uint64_t steps_ = 0;
  uint64_t made_ = 0;
};

struct Undefined {
  std::string message;  // thrown when it is used
};

struct String {
  Text text;
  bool safe = false;  // marked by |safe or |escape: what is added to it gets escaped for HTML, as Jinja does
};

// Containers nest at most this deep, so walking them (and freeing them) needs little stack.
inline constexpr uint32_t kMaxNesting = 100;

struct List {
  enum class Kind { kList, kTuple, kRange, kKeys, kValues, kItems, kIterator };
  Kind kind = Kind::kList;
  std::vector<Value> items;
  std::string printed;  // of a range
  uint32_t nesting = 1;
};

// Immutable, ordered by insertion.
class Dict {
 public:
  // Throws when `key` is not hashable.
  void Set(Value key, Value value);
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const;
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  uint32_t nesting() const { return nesting_; }

 private:
  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_map<std::string, size_t> index_;
  uint32_t nesting_ = 1;
};

class Value {
 public:
  using Data = std::variant<std::monostate, std::shared_ptr<const Undefined>, bool, int64_t, double,
                            std::shared_ptr<const String>, std::shared_ptr<const List>, std::shared_ptr<const Dict>,
                            std::shared_ptr<Object>>;

  Value() = default;  // none
  Value(bool value) : data_(value) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::shared_ptr<Object> object) : data_(std::move(object)) {}
  explicit Value(std::shared_ptr<const String> string) : data_(std::move(string)) {}
  explicit Value(std::shared_ptr<const List> list) : data_(std::move(list)) {}
  explicit Value(std::shared_ptr<const Dict> dict) : data_(std::move(dict)) {}
  Value(const char*) = delete;

  static Value MakeUndefined(std::string message);
  static Value MakeString(Budget& budget, Text text, bool safe = false);
  static Value MakeList(Budget& budget, std::vector<Value> items, List::Kind kind = List::Kind::kList);
  static Value MakeDict(Budget& budget, Dict dict);
  static Value Literal(std::string_view text);  // not counted: a constant of the template or the interpreter

  bool IsNone() const { return std::holds_alternative<std::monostate>(data_); }
  bool IsUndefined() const { return Is<std::shared_ptr<const Undefined>>(); }
  bool IsBool() const { return Is<bool>(); }
  bool IsInt() const { return Is<int64_t>(); }
  bool IsFloat() const { return Is<double>(); }
  bool IsNumber() const { return IsBool() || IsInt() || IsFloat(); }
  bool IsIntegral() const { return IsBool() || IsInt(); }
  bool IsString() const { return Is<std::shared_ptr<const String>>(); }
  bool IsList() const { return Is<std::shared_ptr<const List>>(); }  // of any kind
  bool IsDict() const { return Is<std::shared_ptr<const Dict>>(); }
  bool IsObject() const { return Is<std::shared_ptr<Object>>(); }
  // Indexable: a list, tuple or range.
  bool IsSequenceList() const;

  bool as_bool() const { return std::get<bool>(data_); }
  int64_t integral() const { return IsBool() ? (as_bool() ? 1 : 0) : std::get<int64_t>(data_); }
  double number() const { return IsFloat() ? std::get<double>(data_) : static_cast<double>(integral()); }
  const Text& text() const { return string().text; }
  const std::string& bytes() const { return text().bytes(); }
  const String& string() const { return *std::get<std::shared_ptr<const String>>(data_); }
  const List& list() const { return *std::get<std::shared_ptr<const List>>(data_); }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  const std::shared_ptr<Object>& object() const { return std::get<std::shared_ptr<Object>>(data_); }
  const std::string& undefined_message() const;
  const Data& data() const { return data_; }

  // A number, boolean or none that came from the conversation.
  Origin origin() const { return origin_; }
  Value WithOrigin(Origin origin) const;

  bool Truth() const;
  uint32_t Nesting() const;      // 0 for what contains nothing
  std::string TypeName() const;  // Python's: "str", "dict", "NoneType"

 private:
  template <typename T>
  bool Is() const {
    return std::holds_alternative<T>(data_);
  }

  Data data_;
  Origin origin_ = Origin::kTemplate;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// The values of the parameters `names`, in order, empty where not given. Throws when the call does not fit, naming
// `function`.
std::vector<std::optional<Value>> Bind(std::string_view function, const Arguments& arguments,
                                       std::initializer_list<std::string_view> names, size_t required = 0);

// What is neither data nor container: macros, bound methods, loops, namespaces.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string TypeName() const = 0;
  virtual std::optional<Value> Attribute(Interpreter&, std::string_view) { return std::nullopt; }
  virtual bool callable() const { return false; }
  virtual Value Call(Interpreter&, Arguments);
  virtual uint32_t Nesting() const { return 0; }
};

class Namespace : public Object {
 public:
  std::string TypeName() const override { return "Namespace"; }
  std::optional<Value> Attribute(Interpreter&, std::string_view name) override;
  void Set(std::string name, Value value) { attributes_[std::move(name)] = std::move(value); }
  void Clear() { attributes_.clear(); }

 private:
  std::unordered_map<std::string, Value> attributes_;
};

bool Equal(Budget& budget, const Value& a, const Value& b);
// Throws where Python raises TypeError.
bool Less(Budget& budget, const Value& a, const Value& b);
// Throws when `value` cannot be iterated.
std::vector<Value> Iterate(Budget& budget, const Value& value);

// str(value), as printed. repr() of a container that holds content is content as a whole.
Text ToText(Budget& budget, const Value& value);
Text ToRepr(Budget& budget, const Value& value);
std::string FormatFloat(double value);  // the shortest digits that read back, in Python's form

}  // namespace sheepop::jinja
