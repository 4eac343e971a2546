#include <algorithm>
#include <optional>
#include <utility>

#include "base/cpu.h"
#include "base/utf8.h"
#include "evaluate/score.h"
#include "generate/engine.h"
#include "generate/loaded_model.h"
#include "generate/request.h"
#include "include/sheepop/sheepop.h"
#include "library/open_engine.h"
#include "library/translated.h"
#include "sample/profile.h"

namespace sheepop {
namespace {

SamplingOptions SamplingOf(const GenerateOptions& options, const SuggestedSampling& suggested) {
  const auto profile = options.sampling.find("profile");
  SamplingOptions sampling;
  if (profile == options.sampling.end()) {
    suggested.Apply(sampling, [&](const OptionRow& row) { return options.sampling.contains(std::string(row.name)); });
  } else {
    sampling = ProfileNamed(profile->second).defaults;
  }
  for (const auto& [name, value] : options.sampling) kSamplingTable.Set(sampling, name, value);
  if (options.seed) sampling.seed = *options.seed;
  Validate(sampling);
  return sampling;
}

LoadOptions LoadOf(const EngineOptions& engine) {
  LoadOptions load;
  load.context = engine.context;
  load.sequences = engine.cache_positions ? 0 : engine.sequences;
  load.kv_type = engine.kv_type;
  return load;
}

}  // namespace

struct TextModel::State {
  State(const std::string& path, const OpenOptions& options) : State(path, options, EngineOf(options)) {}

  State(const std::string& path, const OpenOptions& options, const EngineOptions& engine_options)
      : pool(options.threads ? options.threads : PhysicalCores()),
        loaded(LoadedModel::Open(path, LoadOf(engine_options), pool)),
        engine(loaded.model, engine_options, pool),
        kv_type(engine_options.kv_type) {}

  ThreadPool pool;
  LoadedModel loaded;
  Engine engine;
  kernel::KvType kv_type;
};

TextModel::TextModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextModel::TextModel(TextModel&&) noexcept = default;
TextModel& TextModel::operator=(TextModel&&) noexcept = default;
TextModel::~TextModel() = default;

TextModel TextModel::Open(const std::string& path, const OpenOptions& options) {
  return Translated([&] { return TextModel(std::make_unique<State>(path, options)); });
}

size_t TextModel::vocabulary_size() const { return state_->loaded.tokenizer->vocab_size(); }

std::vector<int32_t> TextModel::Tokenize(std::string_view text) const {
  return Translated([&] { return state_->loaded.tokenizer->Encode(text); });
}

std::string TextModel::Detokenize(std::span<const int32_t> tokens) const {
  return Translated([&] { return ToValidUtf8(state_->loaded.tokenizer->Decode(tokens)); });
}

Generation TextModel::Generate(std::string_view prompt, const GenerateOptions& options,
                               const std::function<bool(std::string_view)>& on_text) {
  return Translated([&] {
    const LoadedModel& loaded = state_->loaded;
    const RequestOptions asked{
        .sampling = SamplingOf(options, loaded.suggested), .max_tokens = options.max_tokens, .stops = options.stops};
    std::optional<RequestId> id;
    TextListener::Options listening = ListenerOptions(asked);
    if (on_text) {
      listening.on_text = [&](std::string_view piece) {
        if (!on_text(piece)) state_->engine.Cancel(*id);
        return Next::kContinue;
      };
    }
    TextListener text(*loaded.model, *loaded.tokenizer, std::move(listening));
    Request request = MakeRequest(loaded, asked, loaded.tokenizer->EncodePrompt(prompt));
    const uint64_t seed = request.seed;
    Listener* listener = &text;
    id = state_->engine.Submit(std::move(request), {&listener, 1});
    while (state_->engine.Step()) {
    }
    const Finish& finish = text.finish().value();
    finish.Check();
    return Generation{text.ids(), text.text(), std::string(Name(finish.reason)), seed};
  });
}

ScoredText TextModel::Score(std::string_view text) {
  return Translated([&] {
    ScoredText out;
    out.tokens = state_->loaded.tokenizer->EncodePrompt(text);
    const ScoreResult result =
        sheepop::Score(*state_->loaded.model, out.tokens, {.kv_type = state_->kv_type}, state_->pool);
    for (const ScoredToken& token : result.tokens) {
      out.logprobs.push_back(token.logprob);
      out.ranks.push_back(token.rank);
    }
    out.perplexity = result.perplexity();
    return out;
  });
}

}  // namespace sheepop
