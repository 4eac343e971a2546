// The flags of every command that runs a model, and the model they open.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "cli/console.h"
#include "generate/engine.h"
#include "generate/loaded_model.h"

namespace sheepop::cli {

class ModelFlags {
 public:
  // `positional`: the model may also be given without -m.
  void Register(CLI::App& app, bool positional = false);

  // The pool of --threads. Made once.
  ThreadPool& pool();

  // Opens --model (or the default one, named on stderr). `context`: positions that will be used, 0 for the model's own.
  LoadedModel Open(const Console& console, size_t context);
  // Where --model (or the default one) lies.
  std::filesystem::path Path(const Console& console) const;

  Isa isa() const;

 private:
  std::string model_;
  std::string isa_;
  size_t threads_ = 0;  // 0: physical cores
  std::unique_ptr<ThreadPool> pool_;
};

// A path, a folder, or the name of a pulled model: $SHEEPOP_HOME/models/NAME[.gguf]. Throws kNotFound saying where it
// looked and how to get a model.
std::filesystem::path FindModel(const std::string& name);

// $SHEEPOP_HOME, by default ~/.cache/sheepop.
std::filesystem::path SheepopHome();

// --context and --kv-type.
struct EngineFlags {
  EngineOptions options;
  void Register(CLI::App& app);
};

}  // namespace sheepop::cli
