#include "jinja/format.h"

#include <fmt/format.h>
#include <fmt/printf.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "jinja/string.h"

namespace sheepop::jinja {

namespace {

constexpr size_t kMaxWidth = 10'000;

[[noreturn]] void FailFormat(const std::string& message) {
  throw Error(ErrorCategory::kInvalidArgument, "format string: {}", message);
}

// The decimal number at the front of `text`, taken from it; nothing when there is none.
std::optional<size_t> TakeNumber(std::string_view& text) {
  size_t number = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ptr == text.data()) return std::nullopt;
  if (result.ec != std::errc() || number > kMaxWidth) {
    throw Error(ErrorCategory::kLimit, "a width in a format string exceeds {}", kMaxWidth);
  }
  text.remove_prefix(static_cast<size_t>(result.ptr - text.data()));
  return number;
}

// `text` cut to `precision` characters and filled up to `width`, its place given by '<', '>' or '^'.
Text Align(const Text& text, std::string_view fill, char place, size_t width, std::optional<size_t> precision) {
  Text cut = precision ? SliceCodePoints(text, 0, *precision) : text;
  size_t size = CountCodePoints(cut.bytes());
  size_t missing = width > size ? width - size : 0;
  size_t before = place == '>' ? missing : place == '^' ? missing / 2 : 0;
  Text aligned;
  for (size_t i = 0; i < before; ++i) aligned.Append(fill, Origin::kTemplate);
  aligned.Append(cut);
  for (size_t i = before; i < missing; ++i) aligned.Append(fill, Origin::kTemplate);
  return aligned;
}

// Takes "%(name)-08.3f" apart and writes one value after the other.
class PercentFormatter {
 public:
  PercentFormatter(Interpreter& interpreter, const Text& format, const Value& arguments)
      : interpreter_(interpreter), format_(format), arguments_(arguments) {
    if (arguments.IsList() && arguments.list().kind == List::Kind::kTuple) {
      for (const Value& item : arguments.list().items) items_.push_back(&item);
    } else {
      items_.push_back(&arguments);
    }
  }

  Text Run() {
    std::string_view rest = format_.bytes();
    while (!rest.empty()) {
      size_t literal = std::min(rest.find('%'), rest.size());
      size_t begin = format_.size() - rest.size();
      out_.Append(format_, begin, begin + literal);
      rest.remove_prefix(literal);
      if (!rest.empty()) rest = Convert(rest.substr(1), begin + literal);
    }
    // As in Python, mappings, lists and what is undefined may be left unused.
    bool may_remain = arguments_.IsDict() || arguments_.IsUndefined() ||
                      (arguments_.IsList() && arguments_.list().kind != List::Kind::kTuple);
    if (!named_ && next_ < items_.size() && !may_remain) FailFormat("not all arguments were converted");
    return std::move(out_);
  }

 private:
  const Value& NextArgument(std::optional<std::string_view> name) {
    if (name) {
      named_ = true;
      const Value* value = arguments_.IsDict() ? arguments_.dict().Find(*name) : nullptr;
      if (!value) FailFormat(fmt::format("there is no argument '{}'", *name));
      return *value;
    }
    if (next_ >= items_.size()) FailFormat("not enough arguments");
    return *items_[next_++];
  }

  // `rest` stands after the '%', which is byte `at` of the format. Returns what follows the conversion.
  std::string_view Convert(std::string_view rest, size_t at) {
    std::optional<std::string_view> name;
    if (rest.starts_with('(')) {
      size_t close = rest.find(')');
      if (close == std::string_view::npos) FailFormat("a name has no end");
      name = rest.substr(1, close - 1);
      rest.remove_prefix(close + 1);
    }
    size_t flags = std::min(rest.find_first_not_of("-+ #0"), rest.size());
    std::string specification = fmt::format("%{}", rest.substr(0, flags));
    bool left = specification.find('-') != std::string::npos;
    rest.remove_prefix(flags);
    std::optional<size_t> width = TakeNumber(rest);
    std::optional<size_t> precision;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      precision = TakeNumber(rest).value_or(0);
    }
    if (width) specification += fmt::format("{}", *width);
    if (precision) specification += fmt::format(".{}", *precision);
    if (rest.empty()) FailFormat("it ends inside a conversion");
    char type = rest.front();
    rest.remove_prefix(1);
    if (type == '%') {
      out_.Append("%", format_.OriginAt(at));
      return rest;
    }
    const Value& value = NextArgument(name);
    if (type == 's' || type == 'r') {
      Text text = type == 's' ? ToText(interpreter_.budget(), value) : ToRepr(interpreter_.budget(), value);
      interpreter_.budget().Make(text.size() + width.value_or(0));
      out_.Append(Align(text, " ", left ? '<' : '>', width.value_or(0), precision));
    } else {
      AppendNumber(specification, type, value);
    }
    return rest;
  }

  void AppendNumber(const std::string& specification, char type, const Value& value) {
    RequireDefined(value);
    if (!value.IsNumber()) FailFormat(fmt::format("%{} needs a number, not '{}'", type, value.TypeName()));
    std::string text;
    if (std::string_view("diu").find(type) != std::string_view::npos) {
      text = fmt::sprintf(specification + "d", Truncate(value));
    } else if (std::string_view("xXo").find(type) != std::string_view::npos) {
      int64_t number = Truncate(value);
      if (number < 0) FailFormat("negative numbers in hexadecimal or octal are not supported");
      text = fmt::sprintf(specification + type, number);
    } else if (std::string_view("eEfFgG").find(type) != std::string_view::npos) {
      text = fmt::sprintf(specification + type, value.number());
    } else {
      FailFormat(fmt::format("unknown conversion '{}'", type));
    }
    interpreter_.budget().Make(text.size());
    out_.Append(text, value.origin());
  }

  static int64_t Truncate(const Value& value) {
    if (value.IsIntegral()) return value.integral();
    if (!(std::abs(value.number()) < 9e18)) FailFormat("a number is out of range");
    return static_cast<int64_t>(value.number());
  }

  Interpreter& interpreter_;
  const Text& format_;
  const Value& arguments_;
  std::vector<const Value*> items_;
  size_t next_ = 0;
  bool named_ = false;
  Text out_;
};

// Takes "{name.attribute[key]!r:>10}" apart.
class BraceFormatter {
 public:
  BraceFormatter(Interpreter& interpreter, const Text& format, const Arguments& arguments)
      : interpreter_(interpreter), format_(format), arguments_(arguments) {}

  Text Run() {
    const std::string& bytes = format_.bytes();
    for (size_t at = 0; at < bytes.size();) {
      size_t brace = std::min(bytes.find_first_of("{}", at), bytes.size());
      out_.Append(format_, at, brace);
      if (brace == bytes.size()) break;
      if (brace + 1 < bytes.size() && bytes[brace + 1] == bytes[brace]) {
        out_.Append(format_, brace, brace + 1);
        at = brace + 2;
        continue;
      }
      size_t close = bytes.find('}', brace);
      if (bytes[brace] == '}' || close == std::string::npos) FailFormat("a single brace");
      std::string_view field = std::string_view(bytes).substr(brace + 1, close - brace - 1);
      if (field.find('{') != std::string_view::npos) FailFormat("fields inside fields are not supported");
      AppendField(field);
      at = close + 1;
    }
    return std::move(out_);
  }

 private:
  void AppendField(std::string_view field) {
    size_t end = std::min(field.find_first_of("!:"), field.size());
    Value value = Lookup(field.substr(0, end));
    std::string_view rest = field.substr(end);
    if (rest.starts_with('!')) {
      char conversion = rest.size() > 1 ? rest[1] : '\0';
      if (conversion != 's' && conversion != 'r') FailFormat("the conversion must be !s or !r");
      Budget& budget = interpreter_.budget();
      value = interpreter_.MakeString(conversion == 'r' ? ToRepr(budget, value) : ToText(budget, value));
      rest.remove_prefix(2);
    }
    if (!rest.empty() && !rest.starts_with(':')) FailFormat("expected ':' after the conversion");
    if (!rest.empty()) rest.remove_prefix(1);
    AppendFormatted(value, rest);
  }

  Value Lookup(std::string_view path) {
    size_t end = std::min(path.find_first_of(".["), path.size());
    std::string_view first = path.substr(0, end);
    Value value = First(first);
    for (std::string_view rest = path.substr(end); !rest.empty();) {
      if (rest.front() == '.') {
        size_t stop = std::min(rest.find_first_of(".[", 1), rest.size());
        value = interpreter_.GetAttribute(value, rest.substr(1, stop - 1));
        rest.remove_prefix(stop);
      } else {
        size_t stop = rest.find(']');
        if (rest.front() != '[' || stop == std::string_view::npos) FailFormat("a subscript has no end");
        std::string_view key = rest.substr(1, stop - 1);
        std::string_view digits = key;
        std::optional<size_t> index = key.empty() ? std::nullopt : TakeNumber(digits);
        bool is_index = index && digits.empty();
        value = interpreter_.GetItem(value, is_index ? Value(static_cast<int64_t>(*index)) : Value::Literal(key));
        rest.remove_prefix(stop + 1);
      }
    }
    return value;
  }

  Value First(std::string_view name) {
    std::string_view digits = name;
    std::optional<size_t> index = name.empty() ? std::optional(next_++) : TakeNumber(digits);
    if (index && (name.empty() || digits.empty())) {
      if (*index >= arguments_.positional.size()) FailFormat("not enough arguments");
      return arguments_.positional[*index];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    FailFormat(fmt::format("there is no argument '{}'", name));
  }

  void AppendFormatted(const Value& value, std::string_view specification) {
    Budget& budget = interpreter_.budget();
    if (specification.empty() || !(value.IsNumber() || value.IsString())) {
      if (!specification.empty()) FailFormat(fmt::format("'{}' takes no format", value.TypeName()));
      Text text = ToText(budget, value);
      budget.Make(text.size());
      out_.Append(text);
    } else if (value.IsString()) {
      AppendString(value.text(), specification);
    } else {
      AppendNumber(value, specification);
    }
  }

  void AppendString(const Text& text, std::string_view specification) {
    std::string fill = " ";
    char place = '<';
    size_t character = ByteOfCodePoint(specification, 1);
    auto is_place = [&](size_t at) { return at < specification.size() && std::strchr("<>^", specification[at]); };
    if (is_place(character)) {
      fill = specification.substr(0, character);
      place = specification[character];
      specification.remove_prefix(character + 1);
    } else if (is_place(0)) {
      place = specification.front();
      specification.remove_prefix(1);
    }
    size_t width = TakeNumber(specification).value_or(0);
    std::optional<size_t> precision;
    if (specification.starts_with('.')) {
      specification.remove_prefix(1);
      precision = TakeNumber(specification);
      if (!precision) FailFormat("the precision is missing");
    }
    if (!specification.empty() && specification != "s") FailFormat("unknown format for a string");
    interpreter_.budget().Make(text.size() + width * fill.size());
    out_.Append(Align(text, fill, place, width, precision));
  }

  void AppendNumber(const Value& value, std::string_view specification) {
    for (std::string_view rest = specification; !rest.empty(); rest.remove_prefix(1)) {
      if (rest.front() >= '1' && rest.front() <= '9') {
        TakeNumber(rest);  // throws where fmt would make a huge text
        if (rest.empty()) break;
      }
    }
    std::string pattern = fmt::format("{{:{}}}", specification);
    std::string text;
    try {
      text = value.IsIntegral() && specification.find_first_of("eEfFgG.") == std::string_view::npos
                 ? fmt::format(fmt::runtime(pattern), value.integral())
                 : fmt::format(fmt::runtime(pattern), value.number());
    } catch (const fmt::format_error& error) {
      FailFormat(fmt::format("'{}': {}", specification, error.what()));
    }
    interpreter_.budget().Make(text.size());
    out_.Append(text, value.origin());
  }

  Interpreter& interpreter_;
  const Text& format_;
  const Arguments& arguments_;
  size_t next_ = 0;
  Text out_;
};

}  // namespace

Value FormatPercent(Interpreter& interpreter, const Value& format, const Value& arguments) {
  interpreter.budget().Make(format.text().size());
  return interpreter.MakeString(PercentFormatter(interpreter, format.text(), arguments).Run());
}

Value FormatBraces(Interpreter& interpreter, const Value& format, const Arguments& arguments) {
  interpreter.budget().Make(format.text().size());
  return interpreter.MakeString(BraceFormatter(interpreter, format.text(), arguments).Run());
}

std::string FormatTime(const std::string& format, std::time_t now) {
  std::tm time{};
  if (!gmtime_r(&now, &time)) throw Error(ErrorCategory::kLimit, "the time {} has no date", now);
  if (format.find('\0') != std::string::npos) FailFormat("a date format holds a zero byte");
  // The leading character tells an empty result from one that does not fit.
  std::string marked = fmt::format("x{}", format);
  std::string buffer(4096 + 4 * format.size(), '\0');
  size_t size = std::strftime(buffer.data(), buffer.size(), marked.c_str(), &time);
  if (size == 0) throw Error(ErrorCategory::kLimit, "a formatted date exceeds {} bytes", buffer.size());
  return buffer.substr(1, size - 1);
}

}  // namespace sheepop::jinja
