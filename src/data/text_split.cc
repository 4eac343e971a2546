#include "data/text_split.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string_view>

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

}  // namespace

std::string SplitJson(const TextSplit& split) {
  std::string out = "{";
  AppendList("learned", split.learned, out);
  out += ",\n";
  AppendList("held_out", split.held_out, out);
  return out + "}\n";
}

}  // namespace sheepop
