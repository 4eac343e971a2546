// sheepop generate: continue a prompt.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_writer.h"
#include "base/output_path.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/flags/beam_flags.h"
#include "cli/flags/model_flags.h"
#include "cli/flags/prompt_flags.h"
#include "cli/flags/sampling_flags.h"
#include "cli/interrupt.h"
#include "explain/capsule.h"
#include "generate/request.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

class Generate final : public Command {
 public:
  void Register(FlagSet flags) override {
    model_.Register(flags, true);
    prompt_.Register(flags);
    flags
        .Value("-n,--max-tokens", max_tokens_, AtLeast(0),
               "most tokens to write, the end token included; at least 0 (default 256)")
        .As("N");
    flags.Value("--stop", stops_, "end the text before this string; may be given several times").As("TEXT");
    flags
        .Value("--sequences", sequences_, {1, 256},
               "texts to write from the one prompt, side by side, 1 to 256 (default 1)")
        .As("N");
    flags
        .Value("--logprobs", logprobs_, AtLeast(0),
               "report each token's log-probability and this many alternatives, at least 0 (with --json; default: "
               "neither)")
        .As("N");
    flags.Switch("--ignore-eos", ignore_eos_, "go on past the model's end tokens");
    flags.Value("--record", record_, "write what `sheepop replay` needs to repeat this, and to compare it bit for bit")
        .As("FILE");
    flags.Switch("--force", force_, "replace the file of --record when it exists");
    engine_.Register(flags);
    beams_.Register(flags);
    sampling_.Register(flags);
  }

  int Run(Console& console) override;

 private:
  struct Timing {
    double load_s = 0, prefill_s = 0, decode_s = 0;
    size_t prefill_tokens = 0, decode_tokens = 0, forced_tokens = 0;

    // One of several sequences from one prompt. Throws its error.
    void Add(const Finish& finish) {
      finish.Check();
      prefill_tokens = finish.usage.prompt;
      prefill_s = std::max(prefill_s, finish.usage.prefill_s());
      decode_tokens += finish.usage.written;
      forced_tokens += finish.usage.forced;
      decode_s = std::max(decode_s, finish.usage.decode_s());
    }
  };

  int RunBeams(const Console& console);
  void CheckRecord(const Console& console) const;
  Capsule NewCapsule(const LoadedModel& loaded, const Request& request, const SamplingOptions& sampling) const;
  RequestOptions Options() const;
  std::string WhyEnded(std::span<const std::unique_ptr<TextListener>> texts) const;
  std::string Reason(FinishReason reason) const;
  json::object Document(const TextListener& text) const;
  void PrintResult(const Console& console, const LoadedModel& loaded, std::span<const Token> prompt, uint64_t seed,
                   std::span<const std::unique_ptr<TextListener>> texts, const Timing& timing) const;

  ModelFlags model_;
  PromptFlags prompt_;
  SamplingFlags sampling_;
  EngineFlags engine_;
  size_t max_tokens_ = 256;
  size_t sequences_ = 1;
  std::optional<size_t> logprobs_;
  std::vector<std::string> stops_;
  bool ignore_eos_ = false, force_ = false;
  BeamFlags beams_;
  std::optional<std::string> record_;
};

// On a terminal a text stands behind what it continues, of which the end is shown where it is long.
void ShowPrompt(const Console& console, const Tokenizer& tokenizer, std::span<const Token> prompt) {
  constexpr size_t kMostBytes = 2000;
  if (console.json || !console.StdoutIsTerminal()) return;
  if (!prompt.empty() && prompt[0] == tokenizer.special().bos) prompt = prompt.subspan(1);
  const std::string text = ToValidUtf8(tokenizer.Decode(prompt));
  std::string_view shown = text;
  if (text.size() > kMostBytes) {
    shown.remove_prefix(text.size() - kMostBytes);
    while (!shown.empty() && (static_cast<unsigned char>(shown.front()) & 0xC0) == 0x80) shown.remove_prefix(1);
  }
  if (console.UsesColor()) console.Print("\x1b[2m");
  if (shown.size() < text.size()) console.Print(fmt::format("[{} bytes before]", text.size() - shown.size()));
  console.PrintText(shown);
  if (console.UsesColor()) console.Print("\x1b[0m");
}

int Generate::RunBeams(const Console& console) {
  std::vector<std::string_view> others = sampling_.Given();
  std::erase_if(others, [](std::string_view flag) {
    return flag != "--forced-runs" && IsConstraint(kSamplingTable.Named(flag));
  });
  if (sequences_ != 1) others.emplace_back("--sequences");
  if (logprobs_) others.emplace_back("--logprobs");
  if (!stops_.empty()) others.emplace_back("--stop");
  if (ignore_eos_) others.emplace_back("--ignore-eos");
  if (record_) others.emplace_back("--record");
  if (!others.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "beam search has no use for {}; leave it out, or --beams",
                fmt::join(others, ", "));
  }
  LoadOptions options = engine_.OfOneSequence();
  options.sequences = 0;  // how long beams can become is known with the prompt
  const LoadedModel loaded = model_.Open(console, options);
  sampling_.WarnOfIdle(console);
  sampling_.WarnOfConstraint(console, *loaded.vocabulary);
  std::vector<Token> prompt = prompt_.Tokens(*loaded.tokenizer);
  prompt_.RequireTokens(prompt.size(), 1);
  ShowPrompt(console, *loaded.tokenizer, prompt);
  return beams_.Run(console, loaded, std::move(prompt), max_tokens_, sampling_.Options().constraint, engine_.options,
                    model_.pool());
}

Capsule Generate::NewCapsule(const LoadedModel& loaded, const Request& request, const SamplingOptions& sampling) const {
  Capsule capsule;
  capsule.build = ThisBuild();
  capsule.isa = Name(loaded.model->isa());
  capsule.model = loaded.path.string();
  capsule.model_sha256 = ModelSha256(loaded.path);
  capsule.tokenizer_sha256 = TokenizerSha256(*loaded.tokenizer);
  capsule.engine = engine_.options;
  capsule.sampling = sampling;
  capsule.seed = request.seed;
  capsule.prompt = request.prompt;
  return capsule;
}

void Generate::CheckRecord(const Console& console) const {
  RefuseInput(*record_, model_.Path(console));
  if (prompt_.file()) RefuseInput(*record_, *prompt_.file());
  RefuseExisting(*record_, force_);
}

RequestOptions Generate::Options() const {
  RequestOptions options;
  options.sampling = sampling_.Options();
  options.max_tokens = max_tokens_;
  options.stops = stops_;
  options.ignore_end = ignore_eos_;
  return options;
}

json::object Generate::Document(const TextListener& text) const {
  json::object out;
  out["ids"] = json::array(text.ids().begin(), text.ids().end());
  out["text"] = text.text();
  out["finish_reason"] = Name(text.finish()->reason);
  if (logprobs_) {
    json::array list;
    for (const TokenLogprobs& token : text.logprobs()) {
      json::array top;
      for (const auto& [id, logprob] : token.top) top.push_back(json::array{id, logprob});
      list.push_back(json::object{
          {"id", token.id}, {"piece", text.PieceText(token.id)}, {"logprob", token.logprob}, {"top", top}});
    }
    out["logprobs"] = std::move(list);
  }
  return out;
}

std::string Generate::Reason(FinishReason reason) const {
  switch (reason) {
    case FinishReason::kStop: return stops_.empty() ? "the model ended the text" : "the model, or --stop";
    case FinishReason::kLength: return fmt::format("{} tokens, as --max-tokens says", max_tokens_);
    case FinishReason::kContext: return "the context is full";
    case FinishReason::kInterrupt: return "interrupted";
    case FinishReason::kError: break;
  }
  return "an error";
}

// Why the texts ended, and what would let them go on.
std::string Generate::WhyEnded(std::span<const std::unique_ptr<TextListener>> texts) const {
  std::map<FinishReason, size_t> reasons;
  for (const auto& text : texts) ++reasons[text->finish()->reason];
  std::vector<std::string> parts;
  for (const auto& [reason, count] : reasons) {
    const std::string which = texts.size() > 1 ? fmt::format("{} of {} texts: ", count, texts.size()) : "";
    parts.push_back(which + Reason(reason));
  }
  return fmt::format("ended: {}", fmt::join(parts, "; "));
}

void Generate::PrintResult(const Console& console, const LoadedModel& loaded, std::span<const Token> prompt,
                           uint64_t seed, std::span<const std::unique_ptr<TextListener>> texts,
                           const Timing& timing) const {
  if (!console.json) {
    const double rate =
        timing.decode_s > 0 ? static_cast<double>(timing.decode_tokens - texts.size()) / timing.decode_s : 0;
    const std::string forced =
        timing.forced_tokens > 0 ? fmt::format(", {} of them forced by the grammar", timing.forced_tokens) : "";
    console.Note(fmt::format("seed {}; {} prompt tokens in {:.2f} s, {} written at {:.0f} a second{}", seed,
                             timing.prefill_tokens, timing.prefill_s, timing.decode_tokens, rate, forced));
    console.Note(WhyEnded(texts));
    return;
  }
  json::object out;
  out["model"] = loaded.path.string();
  out["prompt_ids"] = json::array(prompt.begin(), prompt.end());
  const json::object first = Document(*texts[0]);
  for (const auto& member : first) out[member.key()] = member.value();
  out["seed"] = seed;
  if (texts.size() > 1) {
    json::array all;
    for (const auto& text : texts) all.push_back(Document(*text));
    out["sequences"] = std::move(all);
  }
  out["timing"] = {{"load_s", timing.load_s},
                   {"prefill_tokens", timing.prefill_tokens},
                   {"prefill_s", timing.prefill_s},
                   {"decode_tokens", timing.decode_tokens},
                   {"forced_tokens", timing.forced_tokens},
                   {"decode_s", timing.decode_s}};
  console.PrintJson(out);
}

int Generate::Run(Console& console) {
  beams_.Check();
  if (beams_.given()) return RunBeams(console);
  std::optional<FileWriter> recording;
  if (record_) {
    CheckRecord(console);
    recording.emplace(*record_);
  }
  RequestOptions asked = Options();
  Timing timing;
  const Stopwatch watch;
  LoadOptions load = engine_.OfOneSequence();
  load.sequences = sequences_;
  const LoadedModel loaded = model_.Open(console, load);
  sampling_.Suggest(console, loaded.suggested);
  asked.sampling = sampling_.Options();
  sampling_.WarnOfIdle(console);
  sampling_.WarnOfConstraint(console, *loaded.vocabulary);
  const std::vector<Token> prompt = prompt_.Tokens(*loaded.tokenizer);
  prompt_.RequireTokens(prompt.size(), 1);
  EngineOptions options = engine_.options;
  options.sequences = sequences_;
  Engine engine(loaded.model, options, model_.pool());
  timing.load_s = watch.seconds();

  Request request = MakeRequest(loaded, asked, prompt);
  std::vector<std::unique_ptr<TextListener>> texts;
  std::vector<Listener*> listeners;
  for (size_t i = 0; i < sequences_; ++i) {
    TextListener::Options text = ListenerOptions(asked);
    text.record_logprobs = logprobs_.has_value();
    text.logprobs = logprobs_.value_or(0);
    if (!console.json && sequences_ == 1) {
      text.on_text = [&console](std::string_view piece) {
        console.PrintText(piece);
        return Next::kContinue;
      };
    }
    texts.push_back(std::make_unique<TextListener>(*loaded.model, *loaded.tokenizer, std::move(text)));
    listeners.push_back(texts.back().get());
  }
  Capsule capsule;
  std::vector<std::unique_ptr<CapsuleRecorder>> recorders;
  if (recording) {
    capsule = NewCapsule(loaded, request, asked.sampling);
    for (Listener*& listener : listeners) {
      listener = recorders.emplace_back(std::make_unique<CapsuleRecorder>(*listener)).get();
    }
  }
  ShowPrompt(console, *loaded.tokenizer, prompt);
  const uint64_t seed = request.seed;
  const RequestId id = engine.Submit(std::move(request), listeners);
  const InterruptGuard interrupt;
  while (engine.Step()) {
    if (interrupt.interrupted()) engine.Cancel(id);
  }
  for (const auto& text : texts) timing.Add(text->finish().value());
  if (texts[0]->finish()->usage.clipped) console.Warn(ClippedWarning());
  if (recording) {
    for (const auto& recorder : recorders) capsule.sequences.push_back(recorder->sequence());
    recording->Write(CapsuleText(capsule));
    recording->Commit();
    console.Note(fmt::format("{0} is written; try: sheepop replay {0}", *record_));
  }

  if (!console.json) {
    for (size_t i = 0; i < texts.size() && texts.size() > 1; ++i) {
      console.Print(fmt::format("{}--- {} of {}\n", i || console.StdoutIsTerminal() ? "\n" : "", i + 1, texts.size()));
      console.PrintText(texts[i]->text());
    }
    console.Print("\n");
  }
  PrintResult(console, loaded, prompt, seed, texts, timing);
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeGenerate() { return std::make_unique<Generate>(); }

}  // namespace sheepop::cli
