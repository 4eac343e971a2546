#include "base/option_table.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/did_you_mean.h"
#include "base/error.h"

namespace sheepop {
namespace {

std::vector<std::string_view> Choices(const OptionRow& row) { return ReadList(row.name, row.allowed.choices, '|'); }

class RealType final : public OptionType {
 public:
  Shape shape() const override { return Shape::kNumber; }
  void Read(const OptionRow& row, std::string_view thing, std::string_view text, void* value) const override {
    *static_cast<double*>(value) = ReadNumber(thing, text, row.allowed.bounds);
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    return {NumberText(*static_cast<const double*>(value))};
  }
  void Check(const OptionRow& row, std::string_view thing, const void* value) const override {
    CheckBounds(thing, *static_cast<const double*>(value), row.allowed.bounds);
  }
};

template <class Whole>
class WholeType final : public OptionType {
 public:
  Shape shape() const override { return Shape::kNumber; }
  void Read(const OptionRow& row, std::string_view thing, std::string_view text, void* value) const override {
    *static_cast<Whole*>(value) = static_cast<Whole>(ReadInteger(thing, text, row.allowed.bounds));
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    return {fmt::format("{}", *static_cast<const Whole*>(value))};
  }
  void Check(const OptionRow& row, std::string_view thing, const void* value) const override {
    CheckBounds(thing, static_cast<double>(*static_cast<const Whole*>(value)), row.allowed.bounds);
  }
};

class SwitchType final : public OptionType {
 public:
  Shape shape() const override { return Shape::kSwitch; }
  void Read(const OptionRow&, std::string_view thing, std::string_view text, void* value) const override {
    *static_cast<bool*>(value) = ReadBool(thing, text);
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    return {*static_cast<const bool*>(value) ? "true" : "false"};
  }
};

class TextType final : public OptionType {
 public:
  Shape shape() const override { return Shape::kText; }
  void Read(const OptionRow& row, std::string_view thing, std::string_view text, void* value) const override {
    if (!row.allowed.choices.empty()) ReadChoice(thing, text, row.allowed.choices);
    *static_cast<std::string*>(value) = text;
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    return {*static_cast<const std::string*>(value)};
  }
  void Check(const OptionRow& row, std::string_view thing, const void* value) const override {
    if (!row.allowed.choices.empty()) ReadChoice(thing, *static_cast<const std::string*>(value), row.allowed.choices);
  }
};

class SeedType final : public OptionType {
 public:
  Shape shape() const override { return Shape::kText; }  // half of the 2^64 are no exact numbers in other readers
  void Read(const OptionRow&, std::string_view thing, std::string_view text, void* value) const override {
    *static_cast<std::optional<uint64_t>*>(value) = ReadUnsigned(thing, text);
  }
  std::vector<std::string> Write(const OptionRow&, const void* value) const override {
    const auto& seed = *static_cast<const std::optional<uint64_t>*>(value);
    if (!seed) return {};
    return {fmt::format("{}", *seed)};
  }
};

class TextsType final : public ListType<std::string> {
  std::string Parse(const OptionRow&, std::string_view thing, std::string_view text) const override {
    if (text.empty()) throw Error(ErrorCategory::kInvalidArgument, "{} is \"\", must be some text", thing);
    return std::string(text);
  }
  std::string Text(const std::string& element) const override { return element; }
};

// "64 KiB" of 65536.
std::string BytesText(double bytes) {
  constexpr std::string_view kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto whole = static_cast<uint64_t>(bytes);
  size_t unit = 0;
  while (whole > 0 && whole % 1024 == 0 && unit + 1 < std::size(kUnits)) {
    whole /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", whole, kUnits[unit]);
}

bool IsBytes(const OptionRow& row) { return row.unit == "bytes"; }

std::string FallbackText(const OptionRow& row, std::string_view default_value) {
  if (!row.traits.fallback.empty()) return fmt::format(" (default: {})", row.traits.fallback);
  if (row.traits.bare) {
    if (row.flag.find('!') == std::string_view::npos) return "";
    return fmt::format(" (default {})", default_value == "true" ? "on" : "off");
  }
  if (default_value.empty()) return "";
  if (IsBytes(row))
    return fmt::format(" (default {})", BytesText(ReadNumber(row.name, default_value, row.allowed.bounds)));
  return fmt::format(" (default {})", default_value);
}

}  // namespace

template <>
const OptionType& OptionTypeOf<double>() {
  static constexpr RealType kType;
  return kType;
}
template <>
const OptionType& OptionTypeOf<int64_t>() {
  static constexpr WholeType<int64_t> kType;
  return kType;
}
template <>
const OptionType& OptionTypeOf<uint32_t>() {
  static constexpr WholeType<uint32_t> kType;
  return kType;
}
template <>
const OptionType& OptionTypeOf<uint64_t>() {
  static constexpr WholeType<uint64_t> kType;
  return kType;
}
template <>
const OptionType& OptionTypeOf<bool>() {
  static constexpr SwitchType kType;
  return kType;
}
template <>
const OptionType& OptionTypeOf<std::string>() {
  static constexpr TextType kType;
  return kType;
}
template <>
const OptionType& OptionTypeOf<std::optional<uint64_t>>() {
  static constexpr SeedType kType;
  return kType;
}
template <>
const OptionType& OptionTypeOf<std::vector<std::string>>() {
  static constexpr TextsType kType;
  return kType;
}

std::string_view OptionRow::long_flag() const {
  const size_t start = flag.find("--");
  if (start == std::string_view::npos) return "";
  return flag.substr(start, flag.find(',', start) - start);
}

std::string_view OptionRow::toml() const { return flag.empty() ? "" : long_flag().substr(2); }

std::string OptionRow::BoundsText() const {
  const Bounds& bounds = allowed.bounds;
  if (!allowed.choices.empty()) return fmt::format("{}", fmt::join(Choices(*this), " or "));
  const OptionType::Shape shape = field.type().shape();
  if (shape == OptionType::Shape::kSwitch) return traits.bare ? "" : "true or false";
  if (bounds.low == bounds.high) return "";
  if (!IsBytes(*this)) return bounds.Text();
  return bounds.open ? fmt::format("at least {}", BytesText(bounds.low))
                     : fmt::format("{} to {}", BytesText(bounds.low), BytesText(bounds.high));
}

std::string HelpText(const OptionRow& row, std::string_view default_value) {
  std::string help(row.help);
  const std::string bounds = row.BoundsText();
  if (!row.unit.empty()) help += fmt::format(" [{}]", row.unit);
  if (!bounds.empty()) help += fmt::format("; {}", bounds);
  return help + FallbackText(row, default_value);
}

size_t ChoiceNumber(const OptionRow& row, std::string_view thing, std::string_view text) {
  ReadChoice(thing, text, row.allowed.choices);
  const std::vector<std::string_view> choices = Choices(row);
  return static_cast<size_t>(std::ranges::find(choices, text) - choices.begin());
}

std::string_view ChoiceName(const OptionRow& row, size_t number) { return Choices(row).at(number); }

const OptionRow& AnyOptionTable::Named(std::string_view name) const {
  for (const OptionRow& row : rows_) {
    if (row.name == name || (!row.flag.empty() && row.long_flag() == name)) return row;
  }
  std::vector<std::string_view> known;
  for (const OptionRow& row : rows_) known.push_back(name.starts_with('-') ? row.long_flag() : row.name);
  throw Error(ErrorCategory::kInvalidArgument, "there is no {} \"{}\"{}", kind_, name, DidYouMean(name, known));
}

void AnyOptionTable::Set(void* options, const OptionRow& row, std::string_view text, std::string_view thing) const {
  row.field.type().Read(row, thing.empty() ? row.name : thing, text, row.field.at(options));
}

std::vector<std::string> AnyOptionTable::Elements(const void* options, const OptionRow& row) const {
  return row.field.type().Write(row, row.field.at(const_cast<void*>(options)));
}

std::string AnyOptionTable::Get(const void* options, const OptionRow& row) const {
  return fmt::format("{}", fmt::join(Elements(options, row), ";"));
}

void AnyOptionTable::Clear(void* options, const OptionRow& row) const { row.field.type().Clear(row.field.at(options)); }

bool AnyOptionTable::IsLeft(const void* options, const OptionRow& row) const {
  if (row.traits.fallback.empty()) return false;
  const std::string value = Get(options, row);
  return value.empty() || value == "0";
}

std::string AnyOptionTable::Idle(const void* options, const OptionRow& row, bool flags) const {
  std::vector<std::string> failed;
  if (row.traits.only_with.empty()) return "";
  for (std::string_view condition : ReadList(row.name, row.traits.only_with, '|')) {
    const size_t sign = condition.find('=');
    const bool differs = condition[sign - 1] == '!';
    const OptionRow& other = Named(condition.substr(0, sign - differs));
    const std::string value = Get(options, other);
    if ((value == condition.substr(sign + 1)) != differs) return "";
    const std::string_view called = flags ? other.long_flag() : other.name;
    failed.push_back(value.empty() ? fmt::format("{} was not given", called) : fmt::format("{} is {}", called, value));
  }
  return fmt::format("{}", fmt::join(failed, " and "));
}

void AnyOptionTable::Validate(const void* options) const {
  for (const OptionRow& row : rows_) {
    if (!IsLeft(options, row)) row.field.type().Check(row, row.name, row.field.at(const_cast<void*>(options)));
  }
}

std::string AnyOptionTable::Fingerprint(const void* options) const {
  std::string print;
  for (const OptionRow& row : rows_) {
    // Lengths in front keep texts with separators in them apart.
    if (!row.traits.fingerprint) continue;
    print += row.name;
    for (const std::string& element : Elements(options, row)) print += fmt::format(" {}:{}", element.size(), element);
    print += '\n';
  }
  return print;
}

}  // namespace sheepop
