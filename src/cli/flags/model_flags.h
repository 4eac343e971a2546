// The flags of every command that runs a model, and the model they open.
#pragma once

#include <filesystem>
#include <string>

#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "cli/flags/machine_flags.h"
#include "generate/engine.h"
#include "generate/loaded_model.h"

namespace sheepop::cli {

// The models of commands that continue text, and of those that answer. The first comes with the program.
inline constexpr const char* kTextModel = "tales";
inline constexpr const char* kChatModel = "smollm2";

class ModelFlags {
 public:
  // `default_model`: a name that FindModel finds, used where none is given.
  explicit ModelFlags(const char* default_model = kTextModel) : default_(default_model) {}

  // `positional`: the model may also be given without -m.
  void Register(FlagSet flags, bool positional = false);

  // --threads and --isa.
  ThreadPool& pool() { return machine_.pool(); }
  Isa isa() const { return machine_.isa(); }

  // Opens --model (or the default one, named on stderr). `options`: the
  // context, sequences and type of what will be cached; the rest is of the flags.
  LoadedModel Open(const Console& console, LoadOptions options);
  // Where --model (or the default one) lies.
  std::filesystem::path Path(const Console& console) const;

 private:
  const char* default_;
  std::string model_;
  MachineFlags machine_;
};

// The flags of an engine: each row of its table that has one.
struct EngineFlags {
  EngineOptions options;
  LoadOptions OfOneSequence() const {
    LoadOptions load;
    load.context = options.context;
    load.kv_type = options.kv_type;
    return load;
  }
  void Register(FlagSet flags);
};

}  // namespace sheepop::cli
