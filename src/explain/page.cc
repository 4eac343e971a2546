#include "explain/page.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/file_writer.h"

namespace sheepop {
namespace {

// Inside a script element only "<" can end the data or begin a comment; in JSON it stands in strings alone, where its
// escape means the same.
std::string ForScript(std::string_view json) {
  std::string out;
  for (char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string Page(const ExplainReport& report, const SamplingVocabulary& vocabulary) {
  boost::json::object data = ReportJson(report, vocabulary);
  data["seed"] = std::to_string(report.seed);  // scripts keep numbers as doubles
  std::string page(kPageTemplate);
  page.replace(page.find(kPageDataMark), kPageDataMark.size(), ForScript(boost::json::serialize(data)));
  return page;
}

void WritePage(const std::string& path, const ExplainReport& report, const SamplingVocabulary& vocabulary) {
  FileWriter writer(path);
  writer.Write(Page(report, vocabulary));
  writer.Commit();
}

}  // namespace sheepop
