// `sheepop serve`: models, the service that runs them, and the network that clients come by.
//
// Threads: the network's (parses HTTP, writes answers), the service's (steps of the models, with its pool), two that
// parse and tokenize requests, one that writes the log.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu.h"
#include "base/warning.h"
#include "generate/engine_options.h"
#include "serve/options.h"

namespace sheepop {

class InferenceServer {
 public:
  // Checks the options and binds the address: clients are told from now on that the server is loading. Throws
  // kInvalidArgument for options that are not safe or contradict each other, and what http::Server throws.
  // `threads`: of the pool.
  InferenceServer(const ServeOptions& options, const EngineOptions& engine, size_t threads, Isa isa);
  InferenceServer(const InferenceServer&) = delete;
  InferenceServer& operator=(const InferenceServer&) = delete;
  ~InferenceServer();

  // Opens the models and takes requests. Throws what Registry::Open throws; kInvalidArgument for two of one name.
  void Load(const std::vector<std::filesystem::path>& models);

  std::string url() const;  // "http://127.0.0.1:8080"
  std::vector<std::string> models() const;
  std::vector<Warning> warnings() const;  // of the models' configurations and tokenizers

  void ReloadTls();  // as http::Server::ReloadTls

  // Takes no more requests, and waits for those that are there, `seconds` at most; those that are left then end with an
  // error that says why. True when none was left.
  bool Drain(double seconds);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheepop
