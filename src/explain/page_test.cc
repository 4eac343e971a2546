#include "explain/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <string>
#include <utility>

#include "explain/json.h"
#include "explain/run.h"
#include "explain/test_vocabulary.h"

namespace sheepop {
namespace {

ExplainReport Report(const std::string& label) {
  ExplainReport report;
  report.seed = UINT64_MAX;
  report.prompt_text = label;
  GivenLogits given;
  given.logits = {1, 2};
  given.labels = {label, "other"};
  given.u = 0.0;
  ExplainSettings settings;
  settings.sampling.top_k = 1;
  report.first = MakeLogitsSource(std::move(given))->Run(settings);
  return report;
}

TEST(Page, NoTextCanEndItsScript) {
  const std::string label = "</script><script>alert(1)</script><!--";
  const TestVocabulary vocabulary({label, "other", label});
  const std::string page = Page(Report(label), vocabulary);
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(page.find("<!--"), std::string(kPageTemplate).find("<!--"));
  EXPECT_NE(page.find("\\u003c/script>\\u003cscript>alert(1)"), std::string::npos);
  EXPECT_EQ(page.find(kPageDataMark), std::string::npos);
}

TEST(Page, ASentenceForEachStep) {
  const auto explained = [](std::string_view name) {
    return kPageTemplate.find("\n  " + std::string(name) + ": \"") != std::string_view::npos;
  };
  for (const StepRow& row : kMasks) EXPECT_TRUE(explained(row.name)) << row.name;
  for (const StepRow& row : kSteps) EXPECT_TRUE(explained(row.name)) << row.name;
  EXPECT_TRUE(explained("greedy"));
}

TEST(Page, ASeedBeyondDoublesStaysExact) {
  const TestVocabulary vocabulary({"a", "other", "a"});
  EXPECT_NE(Page(Report("a"), vocabulary).find("\"18446744073709551615\""), std::string::npos);
}

TEST(ReportJson, ABytePieceIsMadeValid) {
  const std::string label = "\xff";
  const TestVocabulary vocabulary({label, "other", label});
  const boost::json::object report = ReportJson(Report(label), vocabulary);
  EXPECT_EQ(report.at("text"), "other");
  EXPECT_EQ(report.at("ids"), boost::json::array{1});
  const boost::json::array& steps = report.at("steps").as_array();
  ASSERT_EQ(steps.size(), 1u);
  const boost::json::object& entry = steps[0].at("entry").as_object();
  EXPECT_EQ(entry.at("kept"), 2);
  EXPECT_EQ(entry.at("top").at(1).at("piece"), "\xef\xbf\xbd");
  EXPECT_EQ(entry.at("top").at(1).at("bytes"), boost::json::array{255});
  EXPECT_FALSE(entry.at("top").at(0).as_object().contains("bytes")) << "the piece says it";
  const boost::json::array& stages = steps[0].at("stages").as_array();
  const auto top_k = std::ranges::find_if(stages, [](const auto& stage) { return stage.at("name") == "top_k"; });
  ASSERT_NE(top_k, stages.end());
  EXPECT_EQ(top_k->at("kept"), 1);
  EXPECT_EQ(report.at("settings").at("top_k"), "1");
}

}  // namespace
}  // namespace sheepop
