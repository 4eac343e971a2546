// The flags of beam search, and what `generate` does with them.
#pragma once

#include <optional>
#include <span>

#include "base/thread_pool.h"
#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "generate/beam_writer.h"
#include "generate/loaded_model.h"

namespace sheepop::cli {

class BeamFlags {
 public:
  void Register(FlagSet flags);

  bool given() const { return width_.has_value(); }

  // Throws kInvalidArgument for --length-penalty or --n-best without --beams.
  void Check() const;

  // Searches and prints. Ctrl-C ends the search early.
  int Run(const Console& console, const LoadedModel& loaded, std::vector<Token> prompt, size_t max_tokens,
          const ConstraintOptions& constraint, const EngineOptions& engine, ThreadPool& pool) const;

 private:
  std::optional<size_t> width_, n_best_;
  std::optional<double> length_penalty_;
};

}  // namespace sheepop::cli
