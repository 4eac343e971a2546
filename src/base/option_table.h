// One row describes one option for every front: its flag, its key in TOML, its name in JSON and in the library, help,
// unit, bounds, choices, and whether a fingerprint holds it. The options themselves are a plain struct; a row points at
// a member of it, and the default is what the struct is made with. A new option is a member and a row.
//
//   constexpr OptionRow kRows[] = {
//       {"top_k", "--top-k", Field<&SamplingOptions::top_k>(), AtLeast(0), "tokens", "keep the k best; 0: all"},
//       ...};
//   constexpr OptionTable<SamplingOptions> kTable("sampling option", kRows);
//
// Everything is constant and shared between threads. Refusals are kInvalidArgument that name the thing, the value, the
// bound and what is near: 'top_k is "x", must be a whole number, at least 0'.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/numbers.h"

namespace sheepop {

struct OptionRow;

// How the values of one type are read and written; has no state.
class OptionType {
 public:
  enum class Shape { kNumber, kSwitch, kText, kList };  // in JSON

  virtual Shape shape() const = 0;
  // Reads one value; a list grows by it. `thing`: how refusals name the option.
  virtual void Read(const OptionRow& row, std::string_view thing, std::string_view text, void* value) const = 0;
  // As Read takes them: one, none for an optional that is empty, or those of a list.
  virtual std::vector<std::string> Write(const OptionRow& row, const void* value) const = 0;
  virtual void Check(const OptionRow& /*row*/, std::string_view /*thing*/, const void* /*value*/) const {}
  virtual void Clear(void* /*value*/) const {}  // a list

 protected:
  ~OptionType() = default;
};

// Known here: double, int64_t, uint32_t, uint64_t, bool, std::string, std::vector<std::string> and
// std::optional<uint64_t>. A folder that has options of another type specialises this beside its table.
template <class Value>
const OptionType& OptionTypeOf();

// Where an option lies in its struct, and of what type it is.
struct OptionField {
  const OptionType& (*type)();
  void* (*at)(void* options);
  const void* owner;  // the same for all fields of a struct
};

// What values an option may have: a number within bounds, or one of some names, or any.
struct Allowed {
  constexpr Allowed() = default;
  constexpr Allowed(const Bounds& numbers) : bounds(numbers) {}  // NOLINT(google-explicit-constructor)
  constexpr Allowed(const char* names) : choices(names) {}       // NOLINT(google-explicit-constructor)

  Bounds bounds;             // of numbers, or of those in a list
  std::string_view choices;  // of texts and enums, separated by '|'
};

inline constexpr Allowed kAny;

// What only some options say of themselves: OptionTraits().In("Reading").Takes("N").
struct OptionTraits {
  std::string_view group = "";       // title in help; empty: the front's
  std::string_view value = "VALUE";  // what stands for the value in help
  std::string_view fallback = "";    // what holds where nobody gave the option, whose value is then 0 or empty
  bool bare = false;                 // of a bool: the flag takes no value
  bool fingerprint = true;           // the result depends on it
  bool file = false;                 // the flag names a file that holds the value
  // Other rows without which it changes nothing: NAME=VALUE or NAME!=VALUE, of which one must hold, separated by '|'.
  std::string_view only_with = "";

  // Stands before its callers: clang takes it for undefined in constants otherwise.
  template <class Value>
  constexpr OptionTraits With(Value OptionTraits::* member, Value value_of_it) const {
    OptionTraits changed = *this;
    changed.*member = value_of_it;
    return changed;
  }

  constexpr OptionTraits In(std::string_view title) const { return With(&OptionTraits::group, title); }
  constexpr OptionTraits Takes(std::string_view text) const { return With(&OptionTraits::value, text); }
  constexpr OptionTraits Otherwise(std::string_view what) const { return With(&OptionTraits::fallback, what); }
  constexpr OptionTraits Bare() const { return With(&OptionTraits::bare, true); }
  constexpr OptionTraits FromFile() const { return With(&OptionTraits::file, true).Takes("FILE"); }
  constexpr OptionTraits OnlyWith(std::string_view others) const { return With(&OptionTraits::only_with, others); }
  constexpr OptionTraits OutsideFingerprint() const { return With(&OptionTraits::fingerprint, false); }
};

struct OptionRow {
  std::string_view name;  // in JSON, in the library and in messages
  std::string_view flag;  // "--top-k", "-c,--context", "--ocr,!--no-ocr"; TOML: the long name without its dashes
  OptionField field;
  Allowed allowed;
  std::string_view unit;  // empty: none; "bytes": help texts say KiB, MiB, GiB
  std::string_view help;
  OptionTraits traits{};

  std::string_view long_flag() const;  // "--context"
  std::string_view toml() const;       // "context"
  bool is_list() const { return field.type().shape() == OptionType::Shape::kList; }
  std::string BoundsText() const;  // "0 to 1", "llama or gpt2"; empty when any value is fine
};

template <class Member>
struct MemberOf;
template <class Struct, class Type>
struct MemberOf<Type Struct::*> {
  using Owner = Struct;
  using Value = Type;
};

template <auto first, auto... inner>
void* MemberAt(void* options) {
  using Owner = typename MemberOf<decltype(first)>::Owner;
  auto& member = static_cast<Owner*>(options)->*first;
  if constexpr (sizeof...(inner) == 0) {
    return &member;
  } else {
    return MemberAt<inner...>(&member);
  }
}

template <class Options>
inline constexpr char kOwner = 0;

template <auto first, auto... inner>
struct LastMember : LastMember<inner...> {};
template <auto last>
struct LastMember<last> : MemberOf<decltype(last)> {};

// The field of a member, or of a member of a member: Field<&IngestOptions::clean, &CleanOptions::unicode>(). `type`:
// where it is not the usual one of its type.
template <auto first, auto... inner>
constexpr OptionField Field(const OptionType& (*type)() = &OptionTypeOf<typename LastMember<first, inner...>::Value>) {
  return {type, &MemberAt<first, inner...>, &kOwner<typename MemberOf<decltype(first)>::Owner>};
}

// An enum whose values count from 0 and are named, in that order, by the row's choices.
template <class Enum>
class ChoiceType final : public OptionType {
 public:
  Shape shape() const override { return Shape::kText; }
  void Read(const OptionRow& row, std::string_view thing, std::string_view text, void* value) const override;
  std::vector<std::string> Write(const OptionRow& row, const void* value) const override;
};

// A list of elements, each read and written as text.
template <class Element>
class ListType : public OptionType {
 public:
  Shape shape() const override { return Shape::kList; }
  void Read(const OptionRow& row, std::string_view thing, std::string_view text, void* value) const override {
    static_cast<std::vector<Element>*>(value)->push_back(Parse(row, thing, text));
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    std::vector<std::string> texts;
    for (const Element& element : *static_cast<const std::vector<Element>*>(value)) texts.push_back(Text(element));
    return texts;
  }
  void Clear(void* value) const override { static_cast<std::vector<Element>*>(value)->clear(); }

 protected:
  ~ListType() = default;

 private:
  virtual Element Parse(const OptionRow& row, std::string_view thing, std::string_view text) const = 0;
  virtual std::string Text(const Element& element) const = 0;
};

// The rows of a struct without its type, for fronts that serve any. `options` is always that struct.
class AnyOptionTable {
 public:
  std::string_view kind() const { return kind_; }            // "sampling option"
  std::span<const OptionRow> rows() const { return rows_; }  // in the order of help texts

  // By name or by flag. Throws for an unknown one, with the nearest.
  const OptionRow& Named(std::string_view name) const;

  // `thing` is how refusals name the option; by default its name.
  void Set(void* options, const OptionRow& row, std::string_view text, std::string_view thing = {}) const;
  // One text; of a list, its elements separated by semicolons.
  std::string Get(const void* options, const OptionRow& row) const;
  std::vector<std::string> Elements(const void* options, const OptionRow& row) const;
  void Clear(void* options, const OptionRow& row) const;  // a list
  // Nobody gave it, and its fallback holds.
  bool IsLeft(const void* options, const OptionRow& row) const;
  // Why a row changes nothing beside the values of others (its only_with), as "--mirostat is 0"; empty when it may.
  // Rows are called by their flags, or by their names.
  std::string Idle(const void* options, const OptionRow& row, bool flags) const;
  // Throws for the first value that is out of its bounds.
  void Validate(const void* options) const;
  // The values of all rows that count for it, by name.
  std::string Fingerprint(const void* options) const;

 protected:
  constexpr AnyOptionTable(std::string_view kind, std::span<const OptionRow> rows) : kind_(kind), rows_(rows) {}

 private:
  std::string_view kind_;
  std::span<const OptionRow> rows_;
};

template <class Options>
class OptionTable : public AnyOptionTable {
 public:
  // A constant table with a row of another struct does not compile.
  constexpr OptionTable(std::string_view kind, std::span<const OptionRow> rows) : AnyOptionTable(kind, rows) {
    for (const OptionRow& row : rows) {
      if (row.field.owner != &kOwner<Options>) throw "a row of another struct";
    }
  }

  void Set(Options& options, const OptionRow& row, std::string_view text, std::string_view thing = {}) const {
    AnyOptionTable::Set(&options, row, text, thing);
  }
  void Set(Options& options, std::string_view name, std::string_view text) const {
    AnyOptionTable::Set(&options, Named(name), text);
  }
  std::string Get(const Options& options, const OptionRow& row) const { return AnyOptionTable::Get(&options, row); }
  std::string Get(const Options& options, std::string_view name) const { return Get(options, Named(name)); }
  // The value itself; null where the option is of another type.
  template <class Value>
  Value* As(Options& options, const OptionRow& row) const {
    const bool same = &row.field.type() == &OptionTypeOf<Value>();
    return same ? static_cast<Value*>(row.field.at(&options)) : nullptr;
  }
  std::string Default(const OptionRow& row) const { return Get(Options{}, row); }
  void Validate(const Options& options) const { AnyOptionTable::Validate(&options); }
  std::string Fingerprint(const Options& options) const { return AnyOptionTable::Fingerprint(&options); }
  // What --help says of a row.
  std::string Help(const OptionRow& row) const { return HelpText(row, Default(row)); }
};

// "keep the k best; 0: all [tokens]; at least 0 (default 50)".
std::string HelpText(const OptionRow& row, std::string_view default_value);

// The place of `text` among the choices of a row; throws for another text.
size_t ChoiceNumber(const OptionRow& row, std::string_view thing, std::string_view text);
std::string_view ChoiceName(const OptionRow& row, size_t number);

template <class Enum>
void ChoiceType<Enum>::Read(const OptionRow& row, std::string_view thing, std::string_view text, void* value) const {
  *static_cast<Enum*>(value) = static_cast<Enum>(ChoiceNumber(row, thing, text));
}

template <class Enum>
std::vector<std::string> ChoiceType<Enum>::Write(const OptionRow& row, const void* value) const {
  return {std::string(ChoiceName(row, static_cast<size_t>(*static_cast<const Enum*>(value))))};
}

template <>
const OptionType& OptionTypeOf<double>();
template <>
const OptionType& OptionTypeOf<int64_t>();
template <>
const OptionType& OptionTypeOf<uint32_t>();
template <>
const OptionType& OptionTypeOf<uint64_t>();
template <>
const OptionType& OptionTypeOf<bool>();
template <>
const OptionType& OptionTypeOf<std::string>();
template <>
const OptionType& OptionTypeOf<std::optional<uint64_t>>();
template <>
const OptionType& OptionTypeOf<std::vector<std::string>>();

}  // namespace sheepop
