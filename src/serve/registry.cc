#include "serve/registry.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ranges>

#include "base/memory.h"
#include "explain/capsule.h"
#include "model/kv_cache.h"
#include "sample/profile.h"
#include "serve/api_error.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCachedContexts = 4;

SamplingOptions UsualSampling(const std::string& profile, const SuggestedSampling& suggested) {
  SamplingOptions options = ProfileNamed(profile).defaults;
  suggested.Apply(options);
  Validate(options);
  return options;
}

std::time_t TimeOf(const fs::path& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? status.st_mtime : 0;
}

}  // namespace

const std::string& ModelHash::sha256() const {
  std::call_once(read_, [this] { sha256_ = ModelSha256(path_); });
  return sha256_;
}

std::string ModelName(const fs::path& path) {
  const fs::path whole = path.has_filename() ? path : path.parent_path();
  return whole.extension() == ".gguf" ? whole.stem().string() : whole.filename().string();
}

std::shared_ptr<const ServedModel> Registry::Open(const std::string& name, const fs::path& path,
                                                  const std::string& checkpoint, bool on_request) {
  auto model = std::make_shared<ServedModel>();
  model->name = name;
  model->aliases = AliasesOf(name);
  model->checkpoint = checkpoint;
  model->on_request = on_request;
  service_.Run([&](ThreadPool& pool) {
    model->loaded = LoadedModel::Open(path, {.context = engine_.context, .sequences = 0, .isa = isa_}, pool);
  });
  SetChat(*model);
  const ModelConfig& config = model->loaded.model->config();
  model->sampling = UsualSampling(profile_, model->loaded.suggested);
  for (const SuggestedOption& option : model->loaded.suggested.options) {
    if (std::ranges::find(model->advised, option.row) == model->advised.end()) model->advised.push_back(option.row);
  }
  model->engine = engine_;
  model->engine.sequences = options_.sequences;
  model->context = ContextInUse(engine_, config.context);
  const KvShape shape = KvShapeOf(config, engine_.kv_type);
  size_t positions = engine_.cache_positions;
  if (options_.cache_mib) positions = (options_.cache_mib << 20) / shape.BytesPerPosition();
  if (positions == 0) positions = model->context * std::min(options_.sequences, kCachedContexts);
  model->engine.cache_positions = std::max(positions, size_t{16});
  RequireCacheMemory(shape, model->engine.cache_positions,
                     fmt::format("serve {} with a smaller --cache-mib or --context", name), AvailableMemory());
  model->context = std::min(model->context, model->engine.cache_positions);
  model->created = TimeOf(path);
  model->hash = std::make_shared<ModelHash>(path);
  model->id = service_.Add(model->loaded.model, model->engine, options_.queue);
  model->place =
      std::shared_ptr<const void>(nullptr, [&service = service_, id = model->id](const void*) { service.Remove(id); });

  std::shared_ptr<const ServedModel> old;  // goes after the lock
  {
    const std::lock_guard lock(mutex_);
    const auto same = std::ranges::find(models_, name, &ServedModel::name);
    if (same == models_.end()) {
      models_.push_back(model);
    } else {
      old = std::exchange(*same, model);
    }
  }
  return model;
}

// "NAME" is the only model's, "NAME=MODEL" that model's.
std::vector<std::string> Registry::AliasesOf(const std::string& name) const {
  std::vector<std::string> aliases;
  for (const std::string& alias : options_.aliases) {
    const size_t equals = alias.find('=');
    if (equals == std::string::npos) {
      aliases.push_back(alias);
    } else if (alias.substr(equals + 1) == name) {
      aliases.push_back(alias.substr(0, equals));
    }
  }
  return aliases;
}

void Registry::CheckAliases() const {
  const auto models = All();
  for (const std::string& alias : options_.aliases) {
    const size_t equals = alias.find('=');
    if (equals == std::string::npos) {
      if (models.size() == 1) continue;
      throw Error(ErrorCategory::kInvalidArgument, "--alias is {}, with {} models it must say which: {}=MODEL", alias,
                  models.size(), alias);
    }
    const std::string model = alias.substr(equals + 1);
    if (std::ranges::none_of(models, [&](const auto& served) { return served->name == model; })) {
      throw Error(ErrorCategory::kInvalidArgument, "--alias is {}, there is no model {}", alias, model);
    }
  }
}

void Registry::ResolveOthers(Resolve resolve) {
  const std::lock_guard lock(mutex_);
  resolve_ = std::move(resolve);
}

void Registry::Close(std::string_view name) {
  std::shared_ptr<const ServedModel> closed;  // goes after the lock
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(models_, name, &ServedModel::name);
  if (found == models_.end()) return;
  closed = *found;
  models_.erase(found);
}

std::shared_ptr<const ServedModel> Registry::FindOpen(std::string_view name) const {
  const auto models = All();
  if (name.empty()) {
    if (std::ranges::count(models, false, &ServedModel::on_request) != 1) return nullptr;
    return *std::ranges::find(models, false, &ServedModel::on_request);
  }
  for (const auto& model : models) {
    if (model->name == name || std::ranges::find(model->aliases, name) != model->aliases.end()) return model;
  }
  return nullptr;
}

std::shared_ptr<const ServedModel> Registry::Find(std::string_view name) const {
  if (std::shared_ptr<const ServedModel> open = FindOpen(name)) return open;
  Resolve resolve;
  {
    const std::lock_guard lock(mutex_);
    resolve = resolve_;
  }
  if (resolve) {
    if (std::shared_ptr<const ServedModel> other = resolve(name)) return other;
  }
  std::vector<std::string> names;
  for (const auto& model : All()) names.push_back(model->name);
  throw ApiError({.status = name.empty() ? 400u : 404u,
                  .type = name.empty() ? "invalid_request_error" : "not_found_error",
                  .code = "model_not_found",
                  .param = "model",
                  .message = fmt::format("model is \"{}\", {}", name,
                                         names.empty() ? "none is loaded yet"
                                                       : fmt::format("this server has {}", fmt::join(names, ", ")))});
}

std::vector<std::shared_ptr<const ServedModel>> Registry::All() const {
  const std::lock_guard lock(mutex_);
  return models_;
}

}  // namespace sheepop
