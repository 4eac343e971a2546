#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "base/version.h"
#include "include/sheepop/shared_model.h"
#include "include/sheepop/sheepop_c.h"
#include "library/json_argument.h"
#include "library/translated.h"

using sheepop::Error;
using sheepop::ErrorCategory;

struct sheepop_error {
  sheepop_category category;
  std::string message, field;
};

struct sheepop_model {
  sheepop::SharedModel model;
};

struct sheepop_answer {
  sheepop::ModelAnswer answer;
  sheepop::AnswerPiece piece;  // the one that was given last
};

namespace {

namespace json = boost::json;

sheepop_category CategoryOf(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, sheepop_category>, 9> kNames = {{
      {"invalid_argument", SHEEPOP_INVALID_ARGUMENT},
      {"not_found", SHEEPOP_NOT_FOUND},
      {"corrupt", SHEEPOP_CORRUPT},
      {"unsupported", SHEEPOP_UNSUPPORTED},
      {"limit", SHEEPOP_LIMIT},
      {"busy", SHEEPOP_BUSY},
      {"io", SHEEPOP_IO},
      {"network", SHEEPOP_NETWORK},
      {"interrupted", SHEEPOP_INTERRUPTED},
  }};
  const auto found = std::ranges::find(kNames, name, [](const auto& row) { return row.first; });
  return found == kNames.end() ? SHEEPOP_INTERNAL : found->second;
}

// Of a machine that has no memory for an error either.
sheepop_error& NoMemory() {
  static sheepop_error error{SHEEPOP_LIMIT, "out of memory", ""};
  return error;
}

// Runs `work`; what it throws is the error.
template <class Work>
sheepop_error* Guarded(Work&& work) noexcept {
  try {
    sheepop::Translated(std::forward<Work>(work));
    return nullptr;
  } catch (const sheepop::Failure& failure) {
    try {
      return new sheepop_error{CategoryOf(failure.category()), failure.what(), failure.field()};
    } catch (...) {
      return &NoMemory();
    }
  } catch (...) {
    return &NoMemory();
  }
}

template <class Pointer>
Pointer* Given(Pointer* pointer, std::string_view name) {
  if (!pointer) throw Error(ErrorCategory::kInvalidArgument, "{} is NULL", name);
  return pointer;
}

template <class Value>
std::span<const Value> GivenMany(const Value* values, size_t count, std::string_view name) {
  if (count > 0) Given(values, name);
  return {values, count};
}

// A copy that sheepop_free frees, with a zero byte behind it.
struct Freed {
  void operator()(void* given) const { std::free(given); }
};
template <class Value>
using Copied = std::unique_ptr<Value[], Freed>;

template <class Value>
Copied<Value> Copy(const Value* values, size_t count) {
  Copied<Value> copy(static_cast<Value*>(std::calloc(count + 1, sizeof(Value))));
  if (!copy) throw std::bad_alloc();
  std::copy_n(values, count, copy.get());
  return copy;
}

Copied<char> Copy(std::string_view text) { return Copy(text.data(), text.size()); }

std::string SettingText(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

sheepop::OpenOptions OptionsOf(const char* text) {
  sheepop::OpenOptions options;
  if (!text) return options;
  for (const auto& [name, value] : sheepop::JsonArgument(text, "options")) {
    if (name != "threads" && name != "context") {
      options.engine[name] = SettingText(value);
      continue;
    }
    constexpr int64_t kMost = 1 << 30;
    const int64_t* number = value.if_int64();
    if (!number || *number < 0 || *number > kMost) {
      throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be a whole number, 0 to {}", std::string_view(name),
                  json::serialize(value), kMost);
    }
    (name == "threads" ? options.threads : options.context) = static_cast<size_t>(*number);
  }
  return options;
}

sheepop::InterruptQuestion QuestionOf(const sheepop_question* question) {
  if (!question) return {};
  Given(question->stop, "question.stop");
  return [asked = *question] { return asked.stop(asked.data) != 0; };
}

}  // namespace

sheepop_category sheepop_error_category(const sheepop_error* error) {
  return error ? error->category : SHEEPOP_INTERNAL;
}
const char* sheepop_error_message(const sheepop_error* error) { return error ? error->message.c_str() : ""; }
const char* sheepop_error_field(const sheepop_error* error) { return error ? error->field.c_str() : ""; }

void sheepop_error_free(sheepop_error* error) {
  if (error != &NoMemory()) delete error;
}

int sheepop_abi() { return SHEEPOP_ABI; }
const char* sheepop_version() { return sheepop::kVersion.data(); }
void sheepop_free(void* given) { std::free(given); }

sheepop_error* sheepop_open(const char* path_or_name, const char* options, sheepop_model** model) {
  return Guarded([&] {
    Given(model, "model");
    const std::string path = Given(path_or_name, "path_or_name");
    *model = new sheepop_model{sheepop::SharedModel::Open(path, OptionsOf(options))};
  });
}

void sheepop_model_free(sheepop_model* model) { delete model; }

sheepop_error* sheepop_facts(const sheepop_model* model, char** json) {
  return Guarded([&] {
    const sheepop::ModelFacts& facts = Given(model, "model")->model.facts();
    const json::object object{{"name", facts.name},
                              {"path", sheepop::ToValidUtf8(facts.path)},
                              {"context", facts.context},
                              {"vocabulary", facts.vocabulary},
                              {"width", facts.width},
                              {"chat", facts.chat},
                              {"warnings", json::array(facts.warnings.begin(), facts.warnings.end())}};
    *Given(json, "json") = Copy(json::serialize(object)).release();
  });
}

sheepop_error* sheepop_complete(const sheepop_model* model, const char* request, sheepop_answer** answer) {
  return Guarded([&] {
    Given(answer, "answer");
    *answer = new sheepop_answer{Given(model, "model")->model.Complete(Given(request, "request")), {}};
  });
}

sheepop_error* sheepop_chat(const sheepop_model* model, const char* request, sheepop_answer** answer) {
  return Guarded([&] {
    Given(answer, "answer");
    *answer = new sheepop_answer{Given(model, "model")->model.Chat(Given(request, "request")), {}};
  });
}

void sheepop_answer_free(sheepop_answer* answer) { delete answer; }

sheepop_error* sheepop_next(sheepop_answer* answer, double seconds, sheepop_piece* piece, sheepop_state* state) {
  return Guarded([&] {
    Given(answer, "answer");
    Given(piece, "piece");
    Given(state, "state");
    if (std::isnan(seconds)) throw Error(ErrorCategory::kInvalidArgument, "seconds is nan, must be a number");
    const double limit = seconds < 0 ? std::numeric_limits<double>::infinity() : seconds;
    sheepop::AnswerPiece& given = answer->piece;
    const auto found = answer->answer.Next(given, limit);
    if (found == sheepop::ModelAnswer::State::kPiece) {
      *piece = {given.choice, given.call, given.text.c_str(), given.text.size(), static_cast<int32_t>(given.kind)};
    }
    *state = static_cast<sheepop_state>(found);
  });
}

sheepop_error* sheepop_whole(sheepop_answer* answer, char** json) {
  return Guarded([&] {
    Given(answer, "answer");
    *Given(json, "json") = Copy(answer->answer.Whole()).release();
  });
}

void sheepop_cancel(sheepop_answer* answer) {
  if (answer) answer->answer.Cancel();
}

sheepop_error* sheepop_ready(sheepop_answer* answer, int* descriptor) {
  return Guarded([&] { *Given(descriptor, "descriptor") = Given(answer, "answer")->answer.ready(); });
}

sheepop_error* sheepop_explain(const sheepop_model* model, const char* request, const sheepop_question* question,
                               char** json, char** page) {
  return Guarded([&] {
    Given(json, "json");
    Given(page, "page");
    const sheepop::ExplainedText why =
        Given(model, "model")->model.Explain(Given(request, "request"), QuestionOf(question));
    Copied<char> data = Copy(why.json), html = Copy(why.page);
    *json = data.release();
    *page = html.release();
  });
}

sheepop_error* sheepop_tokenize(const sheepop_model* model, const char* text, size_t bytes, int how, int32_t** tokens,
                                size_t* count) {
  return Guarded([&] {
    Given(tokens, "tokens");
    Given(count, "count");
    if ((how & ~(SHEEPOP_BEGIN | SHEEPOP_SPECIAL)) != 0) {
      throw Error(ErrorCategory::kInvalidArgument, "how is {}, must be 0 to {}", how, SHEEPOP_BEGIN | SHEEPOP_SPECIAL);
    }
    const std::span<const char> given = GivenMany(text, bytes, "text");
    const std::vector<int32_t> ids =
        Given(model, "model")
            ->model.Tokenize(std::string_view(given.data(), given.size()), how & SHEEPOP_BEGIN, how & SHEEPOP_SPECIAL);
    *tokens = Copy(ids.data(), ids.size()).release();
    *count = ids.size();
  });
}

sheepop_error* sheepop_detokenize(const sheepop_model* model, const int32_t* tokens, size_t count, char** text,
                                  size_t* bytes) {
  return Guarded([&] {
    Given(text, "text");
    Given(bytes, "bytes");
    const std::string decoded = Given(model, "model")->model.Detokenize(GivenMany(tokens, count, "tokens"));
    *text = Copy(decoded).release();
    *bytes = decoded.size();
  });
}

sheepop_error* sheepop_score(const sheepop_model* model, const int32_t* tokens, size_t count, size_t context,
                             size_t stride, const sheepop_question* question, double** logprobs, size_t** ranks) {
  return Guarded([&] {
    Given(logprobs, "logprobs");
    Given(ranks, "ranks");
    const sheepop::ScoredText scored =
        Given(model, "model")->model.Score(GivenMany(tokens, count, "tokens"), context, stride, QuestionOf(question));
    Copied<double> values = Copy(scored.logprobs.data(), scored.logprobs.size());
    *ranks = Copy(scored.ranks.data(), scored.ranks.size()).release();
    *logprobs = values.release();
  });
}

sheepop_error* sheepop_logits(const sheepop_model* model, const int32_t* tokens, size_t count,
                              const sheepop_question* question, float** values, size_t* columns) {
  return Guarded([&] {
    Given(values, "values");
    Given(columns, "columns");
    const sheepop::FloatRows rows =
        Given(model, "model")->model.Logits(GivenMany(tokens, count, "tokens"), QuestionOf(question));
    *values = Copy(rows.values.data(), rows.values.size()).release();
    *columns = rows.columns;
  });
}

sheepop_error* sheepop_embed(const sheepop_model* model, const char* const* texts, size_t count,
                             sheepop_pooling pooling, const sheepop_question* question, float** values,
                             size_t* columns) {
  return Guarded([&] {
    Given(values, "values");
    Given(columns, "columns");
    if (pooling != SHEEPOP_MEAN && pooling != SHEEPOP_LAST) {
      throw Error(ErrorCategory::kInvalidArgument, "pooling is {}, must be 0 (mean) or 1 (last)",
                  static_cast<int>(pooling));
    }
    std::vector<std::string> given;
    for (const char* text : GivenMany(texts, count, "texts")) {
      given.emplace_back(Given(text, fmt::format("texts[{}]", given.size())));
    }
    const auto how = pooling == SHEEPOP_LAST ? sheepop::TextPooling::kLast : sheepop::TextPooling::kMean;
    const sheepop::FloatRows rows = Given(model, "model")->model.Embed(given, how, QuestionOf(question));
    *values = Copy(rows.values.data(), rows.values.size()).release();
    *columns = rows.columns;
  });
}

sheepop_error* sheepop_sampling_options(char** json) {
  return Guarded([&] { *Given(json, "json") = Copy(sheepop::SamplingOptionsJson()).release(); });
}
