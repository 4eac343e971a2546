// What a ModelAnswer holds.
#pragma once

#include <memory>
#include <utility>

#include "include/sheepop/shared_model.h"
#include "library/heard_answer.h"
#include "serve/generation.h"

namespace sheepop {

struct ModelAnswer::Parts {
  ~Parts() {
    if (run && !heard->Ended(0)) run->Cancel();
  }

  std::shared_ptr<const void> core;  // the service that `run` runs on; goes last
  std::shared_ptr<HeardAnswer> heard;
  std::shared_ptr<GenerationRun> run;
};

}  // namespace sheepop
