#include "explain/run.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"
#include "generate/request.h"

namespace sheepop {
namespace {

class Recorder final : public TraceSink {
 public:
  explicit Recorder(const ExplainSettings& settings) : settings_(settings) {}
  size_t top() const override { return settings_.top; }
  std::span<const Token> watched() const override { return settings_.watched; }
  void OnTrace(Trace trace) override { traces_.push_back(std::move(trace)); }
  std::vector<Trace> Take() { return std::move(traces_); }

 private:
  const ExplainSettings& settings_;
  std::vector<Trace> traces_;
};

class Observer final : public Listener {
 public:
  Observer(const ExplainSettings& settings, TextListener& text) : settings_(settings), text_(text) {}

  Next OnToken(const Choice& choice, std::span<const float> logits) override {
    if (settings_.on_step) settings_.on_step(logits, choice);
    return text_.OnToken(choice, logits);
  }
  void OnFinish(const Finish& finish) override { text_.OnFinish(finish); }

 private:
  const ExplainSettings& settings_;
  TextListener& text_;
};

class ModelSource final : public ExplainSource {
 public:
  ModelSource(const LoadedModel& loaded, std::vector<Token> prompt, const EngineOptions& options, size_t max_tokens,
              ThreadPool& pool)
      : loaded_(loaded), prompt_(std::move(prompt)), engine_(loaded.model, options, pool), max_tokens_(max_tokens) {}

  std::string name() const override { return loaded_.path.string(); }
  const SamplingVocabulary& vocabulary() const override { return *loaded_.vocabulary; }
  Isa isa() const override { return loaded_.model->isa(); }
  const std::vector<Token>& prompt() const override { return prompt_; }
  std::string prompt_text() const override { return ToValidUtf8(loaded_.tokenizer->Decode(prompt_)); }

  Explanation Run(const ExplainSettings& settings) override {
    RequestOptions asked;
    asked.sampling = settings.sampling;
    asked.sampling.seed = settings.seed;
    asked.max_tokens = max_tokens_;
    Request request = MakeRequest(loaded_, asked, prompt_);
    Recorder recorder(settings);
    request.trace = &recorder;
    TextListener text(*loaded_.model, *loaded_.tokenizer, ListenerOptions(asked));
    Observer observer(settings, text);
    Listener* const listeners[] = {&observer};
    const RequestId id = engine_.Submit(std::move(request), listeners);
    while (engine_.Step()) {
      if (settings.interrupted && settings.interrupted()) engine_.Cancel(id);
    }
    text.finish().value().Check();
    return {settings.sampling, recorder.Take(), text.text(), text.finish()->reason, text.finish()->usage.clipped};
  }

 private:
  const LoadedModel& loaded_;
  std::vector<Token> prompt_;
  Engine engine_;
  size_t max_tokens_;
};

class LabelVocabulary final : public SamplingVocabulary {
 public:
  explicit LabelVocabulary(std::vector<std::string> labels) : labels_(std::move(labels)) {}
  size_t size() const override { return labels_.size(); }
  std::string_view piece(Token token) const override { return labels_[static_cast<size_t>(token)]; }
  std::span<const Token> eos() const override { return {}; }
  TokenUse use(Token) const override { return TokenUse::kText; }

 private:
  std::vector<std::string> labels_;
};

class LogitsSource final : public ExplainSource {
 public:
  explicit LogitsSource(GivenLogits given)
      : isa_(given.isa),
        u_(given.u),
        prompt_text_(given.prompt),
        logits_(std::move(given.logits)),
        prompt_(std::move(given.history)),
        vocabulary_(AddPrompt(std::move(given.labels))) {}

  std::string name() const override { return ""; }
  const SamplingVocabulary& vocabulary() const override { return vocabulary_; }
  Isa isa() const override { return isa_; }
  const std::vector<Token>& prompt() const override { return prompt_; }
  std::string prompt_text() const override { return prompt_text_; }

  Explanation Run(const ExplainSettings& settings) override {
    const Chain chain = Chain::Build(settings.sampling, vocabulary_, isa_);
    SequenceState state(settings.seed, 0, prompt_);
    const double u = u_.value_or(state.Random(RandomLane::kDraw));
    Recorder recorder(settings);
    const Choice choice = chain.SampleAt(u, {logits_, {}}, state, &recorder);
    if (settings.on_step) settings.on_step(logits_, choice);
    return {settings.sampling, recorder.Take(), ToValidUtf8(vocabulary_.piece(choice.token)), FinishReason::kLength};
  }

 private:
  // Without a history, what the prompt ends in is one more token, which is never a candidate: the draw then has the
  // place, and the random number, of a token behind a prompt, and penalties have nothing to act on.
  std::vector<std::string> AddPrompt(std::vector<std::string> labels) {
    if (!prompt_.empty()) return labels;
    prompt_ = {static_cast<Token>(logits_.size())};
    logits_.push_back(-std::numeric_limits<float>::infinity());
    labels.push_back(prompt_text_);
    return labels;
  }

  Isa isa_;
  std::optional<double> u_;
  std::string prompt_text_;
  std::vector<float> logits_;
  std::vector<Token> prompt_;
  LabelVocabulary vocabulary_;
};

void Check(const GivenLogits& given) {
  if (given.logits.empty())
    throw Error(ErrorCategory::kInvalidArgument, "logits is empty, it must have at least one number");
  if (given.labels.size() != given.logits.size()) {
    throw Error(ErrorCategory::kInvalidArgument, "labels has {} entries for {} logits, there must be one for each",
                given.labels.size(), given.logits.size());
  }
  for (Token token : given.history) {
    if (token >= 0 && static_cast<size_t>(token) < given.logits.size()) continue;
    throw Error(ErrorCategory::kInvalidArgument, "ids names token {}, the logits have ids 0 to {}", token,
                given.logits.size() - 1);
  }
  if (given.u && !(*given.u >= 0 && *given.u < 1)) {
    throw Error(ErrorCategory::kInvalidArgument, "u is {}, must be at least 0 and less than 1", *given.u);
  }
}

}  // namespace

std::unique_ptr<ExplainSource> MakeModelSource(const LoadedModel& loaded, std::vector<Token> prompt,
                                               const EngineOptions& engine, size_t max_tokens, ThreadPool& pool) {
  return std::make_unique<ModelSource>(loaded, std::move(prompt), engine, max_tokens, pool);
}

std::unique_ptr<ExplainSource> MakeLogitsSource(GivenLogits given) {
  if (given.labels.empty()) {
    for (size_t id = 0; id < given.logits.size(); ++id) given.labels.push_back(fmt::format("{}", id));
  }
  Check(given);
  return std::make_unique<LogitsSource>(std::move(given));
}

std::vector<Token> ResolveWatched(std::span<const std::string> names, const SamplingVocabulary& vocabulary) {
  std::vector<Token> tokens;
  const auto add = [&](const std::vector<Token>& found) {
    for (Token token : found) {
      if (std::ranges::find(tokens, token) == tokens.end()) tokens.push_back(token);
    }
  };
  for (const std::string& name : names) {
    SamplingOptions parsed;  // reads an id or a text as every other setting does
    kSamplingTable.Set(parsed, kSamplingTable.Named("banned"), name, "watch");
    const TokenName& token = parsed.banned.front();
    std::vector<Token> spaced;
    if (const auto* text = std::get_if<std::string>(&token)) {
      for (size_t id = 0; id < vocabulary.size(); ++id) {
        if (vocabulary.piece(static_cast<Token>(id)) == " " + *text) spaced.push_back(static_cast<Token>(id));
      }
    }
    if (spaced.empty()) {
      add(ResolveToken(token, vocabulary, "watch"));
      continue;
    }
    add(spaced);
    for (size_t id = 0; id < vocabulary.size(); ++id) {
      if (vocabulary.piece(static_cast<Token>(id)) == std::get<std::string>(token)) add({static_cast<Token>(id)});
    }
  }
  return tokens;
}

}  // namespace sheepop
