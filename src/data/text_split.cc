#include "data/text_split.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string_view>

#include "base/error.h"
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

uint64_t Whole(const boost::json::object& entry, std::string_view key) {
  const boost::json::value* value = entry.if_contains(key);
  return value && value->is_number() ? value->to_number<uint64_t>() : 0;
}

std::vector<SplitText> ReadList(const boost::json::object& split, std::string_view side) {
  std::vector<SplitText> texts;
  for (const boost::json::value& value : split.at(side).as_array()) {
    const boost::json::object& entry = value.as_object();
    texts.push_back({std::string(entry.at("id").as_string()), std::string(entry.at("source").as_string()),
                     Whole(entry, "begin"), Whole(entry, "end"), Whole(entry, "words_cut")});
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
    const boost::json::value value = boost::json::parse(json);
    return {ReadList(value.as_object(), "learned"), ReadList(value.as_object(), "held_out")};
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
