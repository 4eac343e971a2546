#include "data/text_split.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

void AppendList(std::string_view name, const std::vector<SplitText>& texts, std::string& out) {
  out.append("\"").append(name).append("\": [");
  std::string_view before = "\n";
  for (const SplitText& text : texts) {
    out += before;
    boost::json::object entry{
        {"id", ToValidUtf8(text.id)}, {"source", ToValidUtf8(text.source)}, {"begin", text.begin}, {"end", text.end}};
    if (text.words_cut > 0) entry["words_cut"] = text.words_cut;
    out += boost::json::serialize(entry);
    before = ",\n";
  }
  out += "]";
}

template <typename... Args>
[[noreturn]] void Refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorCategory::kCorrupt, format, std::forward<Args>(args)...);
}

const boost::json::value& At(const boost::json::object& object, std::string_view key, const std::string& where) {
  const boost::json::value* value = object.if_contains(key);
  if (!value) Refuse("{} has no {}", where, key);
  return *value;
}

uint64_t Whole(const boost::json::value& value, std::string_view key, const std::string& where) {
  if (!value.is_int64() || value.get_int64() < 0) {
    Refuse("{} of {} is {}, must be a whole number, at least 0", key, where, boost::json::serialize(value));
  }
  return static_cast<uint64_t>(value.get_int64());
}

std::string Text(const boost::json::value& value, std::string_view key, const std::string& where) {
  if (!value.is_string()) Refuse("{} of {} is {}, must be text", key, where, boost::json::serialize(value));
  return std::string(value.get_string());
}

void RequireKnown(const boost::json::object& object, const std::string& where,
                  std::initializer_list<std::string_view> names) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(names, name) == names.end()) Refuse("{} has {}, which is no part of it", where, name);
  }
}

SplitText ReadText(const boost::json::value& value, const std::string& where) {
  if (!value.is_object()) Refuse("{} is {}, must be an object", where, boost::json::serialize(value));
  const boost::json::object& entry = value.get_object();
  RequireKnown(entry, where, {"id", "source", "begin", "end", "words_cut"});
  SplitText text;
  text.id = Text(At(entry, "id", where), "id", where);
  text.source = Text(At(entry, "source", where), "source", where);
  text.begin = Whole(At(entry, "begin", where), "begin", where);
  text.end = Whole(At(entry, "end", where), "end", where);
  if (text.end < text.begin) Refuse("end of {} is {}, before begin, {}", where, text.end, text.begin);
  if (const boost::json::value* cut = entry.if_contains("words_cut")) text.words_cut = Whole(*cut, "words_cut", where);
  return text;
}

std::vector<SplitText> ReadList(const boost::json::object& split, const std::string& side) {
  const boost::json::value& list = At(split, side, "it");
  if (!list.is_array()) Refuse("{} is {}, must be a list", side, boost::json::serialize(list));
  std::vector<SplitText> texts;
  for (const boost::json::value& value : list.get_array()) {
    texts.push_back(ReadText(value, fmt::format("{}[{}]", side, texts.size())));
  }
  return texts;
}

// What a split says of a document, both sides taken together.
struct Said {
  std::string id;
  uint64_t end = 0, parts = 0;
  bool operator==(const Said&) const = default;
};

// By source. Conversations of a file are one.
std::map<std::string, Said> BySource(const TextSplit& split) {
  std::map<std::string, Said> documents;
  for (const std::vector<SplitText>* side : {&split.learned, &split.held_out}) {
    for (const SplitText& text : *side) {
      Said& said = documents[text.source];
      said.id = text.id;
      said.end = std::max(said.end, text.end);
      said.parts += text.id.empty() ? 1 : 0;
    }
  }
  return documents;
}

void AppendNames(std::string_view what_one, std::string_view what_more, const std::vector<std::string>& names,
                 std::string& out) {
  constexpr size_t kNamed = 3;
  if (names.empty()) return;
  const std::string_view noun = out.empty() ? names.size() == 1 ? " document" : " documents" : "";
  out +=
      fmt::format("{}{}{} {} (", out.empty() ? "" : ", ", names.size(), noun, names.size() == 1 ? what_one : what_more);
  for (size_t i = 0; i < std::min(kNamed, names.size()); ++i) out += (i > 0 ? ", " : "") + names[i];
  out += names.size() > kNamed ? ", ...)" : ")";
}

}  // namespace

std::string SplitJson(const TextSplit& split) {
  std::string out = "{";
  AppendList("learned", split.learned, out);
  out += ",\n";
  AppendList("held_out", split.held_out, out);
  return out + "}\n";
}

TextSplit ReadSplitJson(std::string_view json, std::string_view name) {
  try {
    const boost::json::object split = ParseJsonObject(json, "it");
    RequireKnown(split, "it", {"learned", "held_out"});
    TextSplit out;
    out.learned = ReadList(split, "learned");
    out.held_out = ReadList(split, "held_out");
    return out;
  } catch (const std::exception& error) {
    throw Error(ErrorCategory::kCorrupt, "{} is no list of learned and held-out texts: {}", name, error.what());
  }
}

std::string DifferenceOf(const TextSplit& then, const TextSplit& now) {
  const std::map<std::string, Said> before = BySource(then), after = BySource(now);
  std::vector<std::string> added, changed, gone;
  for (const auto& [source, said] : after) {
    const auto old = before.find(source);
    if (old == before.end()) {
      added.push_back(source);
    } else if (old->second != said) {
      changed.push_back(source);
    }
  }
  for (const auto& [source, said] : before) {
    if (!after.contains(source)) gone.push_back(source);
  }
  std::string out;
  AppendNames("is new", "are new", added, out);
  AppendNames("has changed", "have changed", changed, out);
  AppendNames("is gone", "are gone", gone, out);
  return out;
}

}  // namespace sheepop
