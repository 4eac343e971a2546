#include "serve/api/models.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "model/parameters.h"

namespace sheepop {
namespace {

namespace json = boost::json;

json::object ObjectOf(const ServedModel& model, std::string_view id) {
  json::object about{{"context", model.context},
                     {"parameters", ParameterCount(model.loaded.model->config())},
                     {"architecture", model.loaded.model->config().architecture},
                     {"chat", model.chat.has_value()},
                     {"checkpoint", nullptr}};
  if (!model.checkpoint.empty()) about["checkpoint"] = model.checkpoint;
  about["advised"] = AdviceJson(model, model.advised);
  about["aliases"] = json::array(model.aliases.begin(), model.aliases.end());
  return {{"id", id},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", "sheepop"},
          {"root", model.name},
          {"max_model_len", model.context},
          {"sheepop", std::move(about)}};
}

// Each member is one that Codex demands, or tells it how much it may send.
json::object CodexEntry(const ServedModel& model, std::string_view id, size_t place) {
  return {{"slug", id},
          {"display_name", id},
          {"description", nullptr},
          {"supported_reasoning_levels", json::array()},
          {"shell_type", "shell_command"},
          {"visibility", model.chat ? "list" : "hide"},
          {"supported_in_api", true},
          {"priority", place},
          {"upgrade", nullptr},
          {"base_instructions",
           "You are a coding agent. You work in the user's folder with the tools that you are given, step by step, and "
           "say what you did."},
          {"supports_reasoning_summaries", false},
          {"support_verbosity", false},
          {"default_verbosity", nullptr},
          {"apply_patch_tool_type", nullptr},
          {"truncation_policy", json::object({{"mode", "bytes"}, {"limit", 10000}})},
          {"supports_parallel_tool_calls", false},
          {"context_window", model.context},
          {"experimental_supported_tools", json::array()},
          {"input_modalities", json::array({"text"})}};
}

}  // namespace

json::object ModelList(const ServedModels& models) {
  json::array data, codex;
  auto add = [&](const ServedModel& model, std::string_view id) {
    data.push_back(ObjectOf(model, id));
    codex.push_back(CodexEntry(model, id, codex.size()));
  };
  for (const std::shared_ptr<const ServedModel>& model : models.All()) {
    add(*model, model->name);
    for (const std::string& alias : model->aliases) add(*model, alias);
  }
  return {{"object", "list"}, {"data", std::move(data)}, {"models", std::move(codex)}};
}

json::object ModelObject(const ServedModels& models, std::string_view id) { return ObjectOf(*models.Find(id), id); }

}  // namespace sheepop
