#include "train/training_rate.h"

#include "base/thread_pool.h"
#include "train/trainer.h"

namespace sheepop {

double MeasureTrainingRate(size_t threads, Isa isa) {
  constexpr size_t kVocabulary = 4096, kTokens = 1 << 14;
  std::vector<Token> tokens(kTokens);
  uint32_t state = 1;
  for (Token& token : tokens) token = static_cast<Token>((state = state * 1664525u + 1013904223u) >> 20);
  const MemoryDocuments documents({{std::move(tokens), {}}}, kTokens);

  TrainRun run;
  run.options.hidden = 192;
  run.options.layers = 4;
  run.options.heads = 6;
  run.options.batch = 4;
  run.options.context = 256;
  run.config = ModelConfigFor(run.options, kVocabulary);
  run.documents = &documents;
  run.isa = isa;
  ThreadPool pool(threads);
  TrainListener listener;
  Trainer trainer(std::move(run), pool, listener);
  const TrainPlan plan = trainer.Plan(5, false);
  return 6.0 * static_cast<double>(plan.parameters) * plan.tokens_per_second;
}

}  // namespace sheepop
