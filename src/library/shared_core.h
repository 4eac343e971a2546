// What all handles of a SharedModel share: the service, the model on it, and the thread that hears of generations.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "generate/service.h"
#include "include/sheepop/shared_model.h"
#include "serve/api/request_context.h"
#include "serve/dialect.h"
#include "serve/generation.h"
#include "serve/http/loop.h"
#include "serve/registry.h"

namespace sheepop {

struct SharedModel::Core {
  Core(const std::string& path_or_name, const OpenOptions& open, const EngineOptions& engine);
  ~Core();

  // Runs `work` on the service's thread, between two steps of others, and asks `interrupted` meanwhile: `work` sees
  // `stop` then, and ends. Throws what `work` throws, and kInterrupted.
  void Run(const std::function<void(ThreadPool&, const std::atomic<bool>& stop)>& work,
           const InterruptQuestion& interrupted) const;

  RequestContext Context() const;

  // Starts what a request asks for. `core`: this.
  static ModelAnswer Start(std::shared_ptr<const Core> core, Parsed parsed);

  ServeOptions options;
  mutable Service service;
  Registry registry;
  mutable http::Loop loop;
  HearingThread hearing;
  std::thread thread;
  std::shared_ptr<const ServedModel> model;
  ModelFacts facts;
};

}  // namespace sheepop
