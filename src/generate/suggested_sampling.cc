#include "generate/suggested_sampling.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/text_file.h"

namespace sheepop {
namespace {

constexpr std::pair<std::string_view, std::string_view> kSuggested[] = {{"temperature", "temperature"},
                                                                        {"top_k", "top_k"},
                                                                        {"top_p", "top_p"},
                                                                        {"min_p", "min_p"},
                                                                        {"repetition_penalty", "repeat_penalty"}};

}  // namespace

std::vector<SuggestedOption> SuggestedSampling(const std::filesystem::path& model) {
  const std::filesystem::path path = model / "generation_config.json";
  std::vector<SuggestedOption> suggested;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return suggested;
  const boost::json::object config = ParseJsonObject(ReadTextFile(path, "a JSON file"), path.string());
  for (const auto& [theirs, ours] : kSuggested) {
    const boost::json::value* value = config.if_contains(theirs);
    if (!value || value->is_null()) continue;
    if (!value->is_number()) {
      throw Error(ErrorCategory::kCorrupt, "{}: {} is {}, must be a number; correct it, or take it out", path.string(),
                  theirs, boost::json::serialize(*value));
    }
    suggested.push_back({&kSamplingTable.Named(ours), value->to_number<double>()});
  }
  return suggested;
}

}  // namespace sheepop
