// What somebody asks of a model, and the request and the listener's settings that it comes to: one place for every front.
#pragma once

#include <string>
#include <vector>

#include "generate/engine.h"
#include "generate/loaded_model.h"
#include "generate/text_listener.h"

namespace sheepop {

struct RequestOptions {
  SamplingOptions sampling;
  size_t max_tokens = SIZE_MAX;    // drawn tokens, the end token included
  std::vector<std::string> stops;  // the text ends before the first of these, once min_tokens are drawn
  bool ignore_end = false;         // an end token is text like any other and ends nothing
};

// The prompt is checked by Engine::Submit. The seed is that of the sampling options, or a random one: Request::seed
// tells. Throws what Chain::Build throws. The model's vocabulary must outlive the request.
Request MakeRequest(const LoadedModel& loaded, const RequestOptions& options, std::vector<Token> prompt);

// What a TextListener needs to know of the same options.
TextListener::Options ListenerOptions(const RequestOptions& options);

}  // namespace sheepop
