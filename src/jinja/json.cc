
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/format.h"

namespace sheepop::jinja {

namespace {

class JsonWriter {
 public:
  JsonWriter(Budget& budget, const JsonStyle& style) : budget_(budget), style_(style) {}

  Text Finish() { return Text(out_, origin_); }

  void Write(const Value& value, size_t level) {
    budget_.Step();
    origin_ = Joined(origin_, value.origin());
    if (value.IsNone()) {
      out_ += "null";
    } else if (value.IsBool()) {
      out_ += value.as_bool() ? "true" : "false";
    } else if (value.IsInt()) {
      out_ += fmt::format("{}", value.integral());
    } else if (value.IsFloat()) {
      WriteFloat(value.number());
    } else if (value.IsString()) {
      WriteString(value.text());
    } else if (value.IsList() && (value.list().kind == List::Kind::kList || value.list().kind == List::Kind::kTuple)) {
      WriteList(value.list(), level);
    } else if (value.IsDict()) {
      WriteDict(value.dict(), level);
    } else {
      throw Error(ErrorCategory::kInvalidArgument, "object of type {} is not JSON serializable", value.TypeName());
    }
  }

 private:
  void WriteFloat(double value) {
    if (std::isnan(value)) {
      out_ += "NaN";
    } else if (std::isinf(value)) {
      out_ += value < 0 ? "-Infinity" : "Infinity";
    } else {
      out_ += FormatFloat(value);
    }
  }

  void WriteString(const Text& text) {
    budget_.Make(text.size());
    origin_ = Joined(origin_, text.origin());
    out_ += '"';
    std::string_view bytes = text.bytes();
    for (size_t i = 0; i < bytes.size();) {
      Utf8Step step = DecodeUtf8(bytes.substr(i));
      WriteCharacter(step.code_point);
      i += step.length;
    }
    out_ += '"';
  }

  void WriteCharacter(char32_t c) {
    static constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f";
    static constexpr std::string_view kNames = "\"\\nrtbf";
    size_t escaped = c < 0x80 ? kEscaped.find(static_cast<char>(c)) : std::string_view::npos;
    if (escaped != std::string_view::npos) {
      out_ += '\\';
      out_ += kNames[escaped];
    } else if (c < 0x20 || (style_.ascii && c >= 0x7F && c < 0x10000)) {
      if (c == 0x7F) {
        out_ += '\x7F';
      } else {
        out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
      }
    } else if (style_.ascii && c >= 0x10000) {
      auto offset = static_cast<uint32_t>(c) - 0x10000;
      out_ += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (offset >> 10), 0xDC00 + (offset & 0x3FF));
    } else {
      AppendUtf8(c, out_);
    }
  }

  void NewLine(size_t level) {
    if (!style_.multiline) return;
    budget_.Make(1 + level * style_.indent.size());
    out_ += '\n';
    for (size_t i = 0; i < level; ++i) out_ += style_.indent;
  }

  void WriteList(const List& list, size_t level) {
    out_ += '[';
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) WriteSeparator(style_.item_separator);
      NewLine(level + 1);
      Write(list.items[i], level + 1);
    }
    if (!list.items.empty()) NewLine(level);
    out_ += ']';
  }

  void WriteDict(const Dict& dict, size_t level) {
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [this](const auto* a, const auto* b) { return Less(budget_, a->first, b->first); });
    }
    out_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) WriteSeparator(style_.item_separator);
      NewLine(level + 1);
      WriteKey(entries[i]->first);
      WriteSeparator(style_.key_separator);
      Write(entries[i]->second, level + 1);
    }
    if (!entries.empty()) NewLine(level);
    out_ += '}';
  }

  void WriteSeparator(const std::string& separator) {
    budget_.Make(separator.size());
    out_ += separator;
  }

  void WriteKey(const Value& key) {
    if (key.IsString()) return WriteString(key.text());
    if (!key.IsNone() && !key.IsNumber()) {
      throw Error(ErrorCategory::kInvalidArgument, "JSON keys must be strings, numbers or none, not {}",
                  key.TypeName());
    }
    out_ += '"';
    Write(key, 0);
    out_ += '"';
  }

  Budget& budget_;
  const JsonStyle& style_;
  std::string out_;
  Origin origin_ = Origin::kTemplate;
};

Value StringFromJson(Budget& budget, std::string_view text, Origin origin) {
  if (!IsValidUtf8(text)) {
    throw Error(ErrorCategory::kInvalidArgument, "a string among the chat template's variables is not valid UTF-8");
  }
  return Value::MakeString(budget, Text(text, origin));
}

Value FromJsonAt(Budget& budget, const boost::json::value& json, Origin origin, uint32_t level) {
  if (level > kMaxNesting) {
    throw Error(ErrorCategory::kLimit, "the chat template's variables are nested deeper than {}", kMaxNesting);
  }
  switch (json.kind()) {
    case boost::json::kind::null: return Value().WithOrigin(origin);
    case boost::json::kind::bool_: return Value(json.get_bool()).WithOrigin(origin);
    case boost::json::kind::int64: return Value(json.get_int64()).WithOrigin(origin);
    case boost::json::kind::uint64:
      if (json.get_uint64() > static_cast<uint64_t>(INT64_MAX)) {
        throw Error(ErrorCategory::kLimit, "the number {} among the chat template's variables exceeds 64 bits",
                    json.get_uint64());
      }
      return Value(static_cast<int64_t>(json.get_uint64())).WithOrigin(origin);
    case boost::json::kind::double_: return Value(json.get_double()).WithOrigin(origin);
    case boost::json::kind::string: return StringFromJson(budget, json.get_string(), origin);
    case boost::json::kind::array: {
      std::vector<Value> items;
      for (const auto& item : json.get_array()) items.push_back(FromJsonAt(budget, item, origin, level + 1));
      return Value::MakeList(budget, std::move(items));
    }
    case boost::json::kind::object: {
      Dict dict;
      for (const auto& [key, value] : json.get_object()) {
        dict.Set(StringFromJson(budget, key, origin), FromJsonAt(budget, value, origin, level + 1));
      }
      return Value::MakeDict(budget, std::move(dict));
    }
  }
  return Value();
}

}  // namespace

Text ToJson(Budget& budget, const Value& value, const JsonStyle& style) {
  JsonWriter writer(budget, style);
  writer.Write(value, 0);
  return writer.Finish();
}

Value FromJson(Budget& budget, const boost::json::value& json, Origin origin) {
  return FromJsonAt(budget, json, origin, 1);
}

}  // namespace sheepop::jinja
