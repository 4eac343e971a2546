// A model that clients can ask for, and the names they know it by.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generate/chat_format.h"
#include "generate/loaded_model.h"
#include "generate/service.h"
#include "sample/options.h"
#include "tokenize/chat_template.h"

namespace sheepop {

// ModelSha256 of a file, read when it is first asked for, so on no thread that others wait for. Any thread.
class ModelHash {
 public:
  explicit ModelHash(std::filesystem::path path) : path_(std::move(path)) {}
  const std::string& sha256() const;

 private:
  const std::filesystem::path path_;
  mutable std::once_flag read_;
  mutable std::string sha256_;
};

// Immutable; shared between threads. A model that follows a training run is replaced by a new one at each checkpoint;
// requests go on with the one they began with.
struct ServedModel {
  std::string name;
  std::vector<std::string> aliases;
  LoadedModel loaded;
  std::optional<ChatTemplate> chat;  // empty: conversations are refused
  std::optional<ChatFormat> format;  // of the template
  bool system_messages = false;      // the template writes them
  SamplingOptions sampling;          // of requests that say nothing: a profile with what the model's makers suggest
  std::vector<const OptionRow*> advised;  // of kSamplingTable: those that are set because they suggest it
  EngineOptions engine;
  ModelId id{};                       // of the service
  std::shared_ptr<const void> place;  // in the service, which the model leaves when nobody has it any more
  size_t context = 0;                 // tokens of prompt and answer together
  std::time_t created = 0;            // of its file
  std::string checkpoint;             // of a training run: which; else empty
  bool on_request = false;  // opened because somebody asked for it by its name, so no model for those who name none

  std::shared_ptr<const ModelHash> hash;  // what capsules hold of it
};

// What the model's makers advise, for clients: {"source": "the makers of SmolLM2", "options": {"temperature": 0.2, ...}}
// with those of `rows`; null where there are none. Of a file that says it, its name alone.
boost::json::value AdviceJson(const ServedModel& model, std::span<const OptionRow* const> rows);

// Sets chat, format and system_messages by the template of `loaded`, if there is one. Throws what ChatTemplate::Parse throws.
void SetChat(ServedModel& model);

// The names, under a lock. Any thread.
class ServedModels {
 public:
  virtual ~ServedModels() = default;
  // By name or alias. Throws ApiError 404 model_not_found, naming those there are. An empty name is the only model, or
  // refused where there are several.
  virtual std::shared_ptr<const ServedModel> Find(std::string_view name) const = 0;
  virtual std::vector<std::shared_ptr<const ServedModel>> All() const = 0;
};

}  // namespace sheepop
