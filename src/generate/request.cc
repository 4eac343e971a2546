#include "generate/request.h"

#include <utility>

namespace sheepop {

Request MakeRequest(const LoadedModel& loaded, const RequestOptions& options, std::vector<Token> prompt) {
  Request request;
  request.prompt = std::move(prompt);
  request.chain =
      std::make_shared<const Chain>(Chain::Build(options.sampling, *loaded.vocabulary, loaded.model->isa()));
  request.seed = SeedInUse(options.sampling);
  if (!options.ignore_end) request.end_tokens = loaded.tokenizer->special().end;
  request.max_tokens = options.max_tokens;
  return request;
}

TextListener::Options ListenerOptions(const RequestOptions& options) {
  TextListener::Options listening;
  listening.stops = options.stops;
  listening.min_tokens = static_cast<size_t>(options.sampling.min_tokens);
  listening.show_end_token = options.ignore_end;
  return listening;
}

}  // namespace sheepop
