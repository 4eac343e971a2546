#include "serve/api/models.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "serve/api/test_support.h"

namespace sheepop {
namespace {

using testing::TwoModels;

TEST(ModelList, HasEachNameAndAlias) {
  const boost::json::object list = ModelList(TwoModels());
  EXPECT_EQ(list.at("object"), "list");
  std::vector<std::string> ids;
  for (const boost::json::value& model : list.at("data").as_array()) {
    EXPECT_EQ(model.at("object"), "model");
    EXPECT_EQ(model.at("owned_by"), "sheepop");
    EXPECT_EQ(model.at("created"), 1'700'000'000);
    ids.emplace_back(model.at("id").as_string());
    EXPECT_EQ(model, boost::json::value(ModelObject(TwoModels(), ids.back())));
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"tiny", "gpt-tiny", "org/tiny", "plain"}));
}

TEST(ModelList, TellsCodexWhatItDemands) {
  const boost::json::object list = ModelList(TwoModels());
  const boost::json::array& models = list.at("models").as_array();
  ASSERT_EQ(models.size(), 4u);
  for (std::string_view member :
       {"slug", "display_name", "supported_reasoning_levels", "shell_type", "visibility", "supported_in_api",
        "priority", "base_instructions", "supports_reasoning_summaries", "support_verbosity", "truncation_policy",
        "supports_parallel_tool_calls", "experimental_supported_tools"}) {
    EXPECT_TRUE(models[0].as_object().contains(member)) << member;
  }
  EXPECT_EQ(models[1].at("slug"), "gpt-tiny");
  EXPECT_EQ(models[1].at("context_window"), 64);
  EXPECT_EQ(models[3].at("visibility"), "hide") << "no template, no conversation";
}

TEST(ModelObject, IsFoundByAnyName) {
  const boost::json::object model = ModelObject(TwoModels(), "org/tiny");
  EXPECT_EQ(model.at("id"), "org/tiny");
  EXPECT_EQ(model.at("root"), "tiny");
  EXPECT_EQ(model.at("sheepop").at("context"), 64);
  EXPECT_GT(model.at("sheepop").at("parameters").to_number<uint64_t>(), 1000u);
  EXPECT_TRUE(model.at("sheepop").at("checkpoint").is_null());
  const ApiProblem problem = testing::ProblemFrom([&] { ModelObject(TwoModels(), "other"); });
  EXPECT_EQ(problem.status, 404u);
  EXPECT_EQ(problem.code, "model_not_found");
}

}  // namespace
}  // namespace sheepop
