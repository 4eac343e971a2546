#include "include/sheepop/shared_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "evaluate/score.h"
#include "explain/page.h"
#include "library/json_argument.h"
#include "library/open_engine.h"
#include "library/prompt_rows.h"
#include "library/shared_core.h"
#include "library/translated.h"
#include "serve/api/chat.h"
#include "serve/api/completions.h"
#include "serve/api/embeddings.h"
#include "serve/option_list.h"

namespace sheepop {
namespace {

namespace json = boost::json;

void Refuse(const json::object& body, std::initializer_list<std::string_view> names, std::string_view why) {
  for (const std::string_view name : names) {
    if (body.contains(name)) RefuseField(name, fmt::format("{} is given, {}: leave it out", name, why));
  }
}

void CheckIds(const LoadedModel& loaded, std::span<const Token> tokens) {
  const size_t size = loaded.vocabulary->size();
  for (const Token id : tokens) {
    if (id >= 0 && static_cast<size_t>(id) < size) continue;
    throw Error(ErrorCategory::kInvalidArgument, "token {} is outside the vocabulary, 0 to {}", id, size - 1);
  }
}

std::vector<std::string> TakeTexts(json::object& body, std::string_view name) {
  std::vector<std::string> texts = Fields(body).StringOrList(name);
  body.erase(name);
  return texts;
}

void RefuseStreams(const json::object& body) {
  Refuse(body, {"stream", "stream_options"}, "every answer comes in pieces here");
}

constexpr std::string_view kOneTextIsExplained = "one text is written and explained";

}  // namespace

SharedModel::SharedModel(std::shared_ptr<const Core> core) : core_(std::move(core)) {}

SharedModel SharedModel::Open(const std::string& path_or_name, const OpenOptions& options) {
  constexpr size_t kSequences = 16;
  return Translated([&] {
    const EngineOptions engine = EngineOf(options, {.sequences = kSequences});
    return SharedModel(std::make_shared<const Core>(path_or_name, options, engine));
  });
}

const ModelFacts& SharedModel::facts() const { return core_->facts; }

ModelAnswer SharedModel::Complete(std::string_view request) const {
  constexpr int64_t kTokens = 256;
  return Translated([&] {
    json::object body = JsonArgument(request, "the request");
    RefuseStreams(body);
    body.emplace("max_tokens", kTokens);
    return Core::Start(core_, ParseCompletions(body, core_->Context()));
  });
}

ModelAnswer SharedModel::Chat(std::string_view request) const {
  return Translated([&] {
    const json::object body = JsonArgument(request, "the request");
    RefuseStreams(body);
    return Core::Start(core_, ParseChat(body, core_->Context()));
  });
}

ExplainedText SharedModel::Explain(std::string_view request, const InterruptQuestion& interrupted) const {
  constexpr int64_t kTokens = 16, kTop = 10;
  return Translated([&] {
    json::object body = JsonArgument(request, "the request");
    Refuse(body,
           {"n", "best_of", "stop", "ignore_eos", "logprobs", "echo", "explain", "record", "return_token_ids",
            "return_progress", "include_stop_str_in_output", "stream", "stream_options"},
           kOneTextIsExplained);
    const std::vector<std::string> watched = TakeTexts(body, "watch");
    body.emplace("max_tokens", kTokens);
    body.emplace("explain_top", kTop);
    const Ask ask = ParseCompletions(body, core_->Context()).ask;
    if (ask.prompts.size() != 1) {
      RefuseField("prompt", fmt::format("prompt has {} texts, {}", ask.prompts.size(), kOneTextIsExplained));
    }
    const LoadedModel& loaded = ask.model->loaded;
    ExplainSettings settings;
    settings.sampling = ask.options.sampling;
    settings.seed = SeedInUse(settings.sampling);
    settings.top = ask.explain_top;
    settings.watched = ResolveWatched(watched, *loaded.vocabulary);
    EngineOptions engine = ask.model->engine;
    engine.sequences = 1;
    engine.cache_positions = 0;
    ExplainReport report;
    report.model = loaded.path.string();
    report.prompt_ids = ask.prompts[0].ids;
    report.seed = settings.seed;
    core_->Run(
        [&](ThreadPool& pool, const std::atomic<bool>& stop) {
          settings.interrupted = [&] { return stop.load(); };
          const auto source = MakeModelSource(loaded, ask.prompts[0].ids, engine, ask.options.max_tokens, pool);
          report.prompt_text = source->prompt_text();
          report.first = source->Run(settings);
        },
        interrupted);
    return ExplainedText{json::serialize(ReportJson(report, *loaded.vocabulary)), Page(report, *loaded.vocabulary)};
  });
}

std::vector<int32_t> SharedModel::Tokenize(std::string_view text, bool begin, bool special) const {
  return Translated([&] {
    const Tokenizer& tokenizer = *core_->model->loaded.tokenizer;
    const SpecialTokens how = special ? SpecialTokens::kParse : SpecialTokens::kAsText;
    return begin ? tokenizer.EncodePrompt(text, how) : tokenizer.Encode(text, how);
  });
}

std::string SharedModel::Detokenize(std::span<const int32_t> tokens) const {
  return Translated([&] { return ToValidUtf8(core_->model->loaded.tokenizer->Decode(tokens)); });
}

ScoredText SharedModel::Score(std::span<const int32_t> tokens, size_t context, size_t stride,
                              const InterruptQuestion& interrupted) const {
  return Translated([&] {
    ScoreResult result;
    core_->Run(
        [&](ThreadPool& pool, const std::atomic<bool>& stop) {
          const auto go_on = [&](size_t) {
            if (stop) throw Error(ErrorCategory::kInterrupted, "the scoring was interrupted");
          };
          const LoadedModel& loaded = core_->model->loaded;
          const ScoreOptions how{.context = context, .stride = stride, .kv_type = core_->model->engine.kv_type};
          result = sheepop::Score(*loaded.model, tokens, how, pool, go_on);
        },
        interrupted);
    ScoredText scored;
    scored.tokens.assign(tokens.begin(), tokens.end());
    scored.perplexity = result.perplexity();
    for (const ScoredToken& token : result.tokens) {
      scored.logprobs.push_back(token.logprob);
      scored.ranks.push_back(token.rank);
    }
    return scored;
  });
}

FloatRows SharedModel::Logits(std::span<const int32_t> tokens, const InterruptQuestion& interrupted) const {
  return Translated([&] {
    CheckIds(core_->model->loaded, tokens);
    FloatRows out;
    const std::vector<Token> prompt(tokens.begin(), tokens.end());
    RunPrompts(
        *core_, {&prompt, 1},
        [&](size_t, const PromptRow& row) {
          if (out.values.empty()) {
            out.columns = row.logits.size();
            out.values.resize(prompt.size() * out.columns);
          }
          std::ranges::copy(row.logits, out.values.begin() + static_cast<ptrdiff_t>(row.position * out.columns));
          out.rows = row.position + 1;
        },
        interrupted);
    return out;
  });
}

FloatRows SharedModel::Embed(std::span<const std::string> texts, TextPooling pooling,
                             const InterruptQuestion& interrupted) const {
  return Translated([&] {
    const bool last = pooling == TextPooling::kLast;
    const json::object body{{"input", json::array(texts.begin(), texts.end())}, {"pooling", last ? "last" : "mean"}};
    const EmbeddingsAsk ask = ParseEmbeddings(body, core_->Context());
    std::vector<std::vector<Token>> prompts;
    std::vector<TextVector> vectors;
    for (const AskedPrompt& input : ask.inputs) {
      prompts.push_back(input.ids);
      vectors.emplace_back(ask.pooling, input.ids.size());
    }
    RunPrompts(
        *core_, prompts, [&](size_t text, const PromptRow& row) { vectors[text].Add(row.position, row.hidden); },
        interrupted);
    FloatRows out{.rows = texts.size(), .columns = core_->facts.width, .values = {}};
    for (const TextVector& vector : vectors) {
      const std::vector<float> values = vector.OfLengthOne();
      out.values.insert(out.values.end(), values.begin(), values.end());
    }
    return out;
  });
}

std::string SamplingOptionsJson() { return json::serialize(SamplingOptionList(SamplingOptions().profile)); }

}  // namespace sheepop
