// For the tests of this folder: the models that a server has, and what a refusal says.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "sample/profile.h"
#include "serve/api/request_context.h"
#include "serve/api_error.h"
#include "serve/served_model.h"
#include "testing/paths.h"

namespace sheepop::testing {

// "tiny", with all bytes and a ChatML template; and with `plain`, "plain", which has no template. Both of random weights.
class TinyModels final : public ServedModels {
 public:
  explicit TinyModels(bool plain = false) {
    models_.push_back(Open("tiny", "llama", {"gpt-tiny", "org/tiny"}));
    if (plain) models_.push_back(Open("plain", "gpt2", {}));
  }

  std::shared_ptr<const ServedModel> Find(std::string_view name) const override {
    if (name.empty() && models_.size() == 1) return models_[0];
    for (const auto& model : models_) {
      if (model->name == name || std::ranges::find(model->aliases, name) != model->aliases.end()) return model;
    }
    throw ApiError({.status = 404,
                    .type = "not_found_error",
                    .code = "model_not_found",
                    .param = "model",
                    .message = fmt::format("there is no model {}", name)});
  }
  std::vector<std::shared_ptr<const ServedModel>> All() const override { return models_; }

 private:
  static std::shared_ptr<const ServedModel> Open(std::string name, std::string_view folder,
                                                 std::vector<std::string> aliases) {
    ThreadPool pool(1);
    auto model = std::make_shared<ServedModel>();
    model->name = std::move(name);
    model->aliases = std::move(aliases);
    model->loaded = LoadedModel::Open(SourcePath(fmt::format("tests/data/tiny/{}/model.gguf", folder)), {}, pool);
    if (model->loaded.chat_template) model->chat = ChatTemplate::Parse(*model->loaded.chat_template);
    model->sampling = ProfileNamed("openai").defaults;
    model->engine.context = model->context = 64;
    model->engine.sequences = 8;
    model->created = 1'700'000'000;
    return model;
  }

  std::vector<std::shared_ptr<const ServedModel>> models_;
};

inline const TinyModels& OneModel() {
  static const TinyModels models;
  return models;
}

inline const TinyModels& TwoModels() {
  static const TinyModels models(true);
  return models;
}

inline RequestContext TinyContext() { return {.models = OneModel(), .now = 1'700'000'000}; }

inline boost::json::object Json(std::string_view text) { return boost::json::parse(text).as_object(); }

// The problem that `work` throws; one of status 0 where it throws none.
template <class Work>
ApiProblem ProblemFrom(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const ApiError& error) {
    return error.problem();
  }
  return {.status = 0, .type = "none", .message = "nothing was thrown"};
}

}  // namespace sheepop::testing
