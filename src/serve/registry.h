// The models that are served, opened and named.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "serve/options.h"
#include "serve/served_model.h"

namespace sheepop {

class Registry final : public ServedModels {
 public:
  // `service` and `options` must outlive the registry. `engine`: of every model, but for what `options` says of it.
  // `profile`: how requests that say nothing draw, where the model's makers suggest nothing either.
  Registry(Service& service, const ServeOptions& options, const EngineOptions& engine, Isa isa,
           std::string profile = "openai")
      : service_(service), options_(options), engine_(engine), isa_(isa), profile_(std::move(profile)) {}

  // Opens a model on the service's pool and puts it beside the others, or in the place of one of that name; requests
  // that run go on with the one they have. `checkpoint`, `on_request`: as ServedModel's. Throws what LoadedModel::Open throws, and
  // kLimit, with both numbers, where weights and cache do not fit into the memory there is.
  std::shared_ptr<const ServedModel> Open(const std::string& name, const std::filesystem::path& path,
                                          const std::string& checkpoint = "", bool on_request = false);

  // Checks that every alias has a model, when all are there. Throws kInvalidArgument.
  void CheckAliases() const;

  // What `resolve` finds for a name that no model has, or null, is as good as a model. Where Find is called it is.
  using Resolve = std::function<std::shared_ptr<const ServedModel>(std::string_view name)>;
  void ResolveOthers(Resolve resolve);

  // Takes no more requests for it; those that run go on.
  void Close(std::string_view name);

  std::shared_ptr<const ServedModel> Find(std::string_view name) const override;
  std::shared_ptr<const ServedModel> FindOpen(std::string_view name) const;  // null where there is none; opens none
  std::vector<std::shared_ptr<const ServedModel>> All() const override;

 private:
  std::vector<std::string> AliasesOf(const std::string& name) const;

  Service& service_;
  const ServeOptions& options_;
  const EngineOptions engine_;
  const Isa isa_;
  const std::string profile_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const ServedModel>> models_;
  Resolve resolve_;
};

// The name by which clients ask for a model in that file or folder: the file's, without ".gguf".
std::string ModelName(const std::filesystem::path& path);

}  // namespace sheepop
