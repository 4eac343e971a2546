#include "cli/flags/beam_flags.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>

#include "base/error.h"
#include "cli/interrupt.h"
#include "tokenize/text_stream.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

std::string Text(const Tokenizer& tokenizer, const Hypothesis& hypothesis) {
  TextStream stream(tokenizer);
  std::string text;
  for (Token token : hypothesis.tokens) text += stream.Push(token);
  return text + std::string(stream.Finish());
}

std::string_view FinishReasonOf(const Hypothesis& hypothesis, size_t max_tokens, bool interrupted) {
  if (hypothesis.ended) return Name(FinishReason::kStop);
  if (hypothesis.tokens.size() >= max_tokens) return Name(FinishReason::kLength);
  return Name(interrupted ? FinishReason::kInterrupt : FinishReason::kContext);
}

}  // namespace

void BeamFlags::Register(FlagSet flags) {
  const std::string group = "Beam search";
  flags.Value("--beams", width_, {1, 1024}, "beam search with this many beams, 1 to 1024, in place of random draws")
      .As("N")
      .Group(group);
  flags
      .Value("--length-penalty", length_penalty_, {-10, 10},
             "a text scores log-probability / length^penalty; 0: by probability alone, which favours short texts; -10 "
             "to 10 (default 1)")
      .As("X")
      .Group(group);
  flags.Value("--n-best", n_best_, {1, 1024}, "texts wanted, 1 to the number of beams (default 1)")
      .As("N")
      .Group(group);
}

void BeamFlags::Check() const {
  if (width_ && n_best_ && *n_best_ > *width_) {
    throw Error(ErrorCategory::kInvalidArgument, "--n-best is {}, must be 1 to the number of --beams, which is {}",
                *n_best_, *width_);
  }
  if (!width_ && (n_best_ || length_penalty_)) {
    throw Error(ErrorCategory::kInvalidArgument, "{} belongs to --beams, which was not given",
                n_best_ ? "--n-best" : "--length-penalty");
  }
}

int BeamFlags::Run(const Console& console, const LoadedModel& loaded, std::vector<Token> prompt, size_t max_tokens,
                   const ConstraintOptions& constraint, const EngineOptions& engine, ThreadPool& pool) const {
  const InterruptGuard interrupt;
  BeamRequest request;
  request.prompt = std::move(prompt);
  request.beams = {*width_, n_best_.value_or(1), length_penalty_.value_or(1)};
  request.constraint = constraint;
  request.max_tokens = max_tokens;
  request.go_on = [&] { return !interrupt.interrupted(); };
  bool clipped = false;
  request.clipped = &clipped;
  const std::vector<Hypothesis> texts = WriteBeams(*loaded.model, *loaded.vocabulary, request, engine, pool);
  if (clipped) console.Warn(ClippedWarning());
  if (texts.empty()) {
    throw Error(ErrorCategory::kUnsupported,
                "no text was found: the shape that was asked for leaves no token to begin with; ask for another");
  }
  if (!console.json) {
    for (size_t i = 0; i < texts.size(); ++i) {
      if (texts.size() > 1) {
        console.Print(fmt::format("{}--- {} of {}, score {:.4f}\n", i || console.StdoutIsTerminal() ? "\n" : "", i + 1,
                                  texts.size(), texts[i].score));
      }
      console.PrintText(Text(*loaded.tokenizer, texts[i]));
    }
    console.Print("\n");
    return 0;
  }
  json::array list;
  for (const Hypothesis& text : texts) {
    list.push_back({{"ids", json::array(text.tokens.begin(), text.tokens.end())},
                    {"text", Text(*loaded.tokenizer, text)},
                    {"logprob", text.log_probability},
                    {"score", text.score},
                    {"finish_reason", FinishReasonOf(text, max_tokens, interrupt.interrupted())}});
  }
  const json::object& best = list[0].get_object();
  console.PrintJson(json::object{{"model", loaded.path.string()},
                                 {"prompt_ids", json::array(request.prompt.begin(), request.prompt.end())},
                                 {"ids", best.at("ids")},
                                 {"text", best.at("text")},
                                 {"finish_reason", best.at("finish_reason")},
                                 {"beams", list}});
  return 0;
}

}  // namespace sheepop::cli
