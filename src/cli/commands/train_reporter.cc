#include "cli/commands/train_reporter.h"

#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "base/error.h"
#include "generate/loaded_model.h"
#include "generate/request.h"
#include "train/memorisation.h"
#include "train/run_choice.h"

namespace sheepop::cli {

// Where there is no terminal to draw a line again, one now and then says that the run goes on.
void TrainReporter::Show(const std::string& line) {
  constexpr double kSeconds = 60;
  console_.Progress(line);
  if (console_.StderrIsTerminal() || since_line_.seconds() < kSeconds) return;
  since_line_.Restart();
  fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

void TrainReporter::OnStep(const StepRecord& record) {
  if (report_.steps == 0) return;  // of a plan
  if (first_tokens_ == 0) {
    first_tokens_ = record.tokens;
    first_seconds_ = record.seconds;
  }
  last_ = record;
  const double seconds = record.seconds - first_seconds_;
  if (seconds <= 0) {  // of a large model the next step may be a minute away
    return Show(fmt::format("step {} of {}, loss {:.3f}", record.step, report_.steps, record.loss));
  }
  const double rate = static_cast<double>(record.tokens - first_tokens_) / seconds;
  const double left = static_cast<double>(report_.steps - record.step) * static_cast<double>(record.tokens) /
                      static_cast<double>(record.step) / rate;
  std::string share;
  if (report_.peak_tokens_per_second > 0) {
    share = fmt::format(" ({:.0f}% of this machine's limit)", 100 * rate / report_.peak_tokens_per_second);
  }
  // A narrow window shows the beginning.
  Show(fmt::format("step {} of {}, loss {:.3f}, {} left{}, {:.0f} tokens/s{}", record.step, report_.steps, record.loss,
                   DurationText(left), held_out_, rate, share));
}

void TrainReporter::OnMeasurement(const Measurement& m) {
  held_out_ = fmt::format(", held out {:.3f} ({:.3f} bits a byte)", m.loss, m.bits_per_byte);
  console_.Progress("");
  const std::string loss = m.step > 0 ? fmt::format("loss {:.4f}", last_.loss) : "before the first";
  console_.Note(fmt::format("step {}: {}, held out {:.4f}, {:.4f} bits a byte", m.step, loss, m.loss, m.bits_per_byte));
  SampleFrom(report_.folder / "best.gguf");
}

// Of a run without measurements there is no best model.
void TrainReporter::OnCheckpoint(const std::filesystem::path& path) {
  if (!report_.measured) SampleFrom(path);
}

void TrainReporter::SampleFrom(const std::filesystem::path& model) {
  try {
    Sample(model);
  } catch (const Error& error) {  // a prompt with letters that the text has not, say: no reason to end a run
    console_.Note({"no_sample", report_.prompt, "", fmt::format("no sample (see --sample-prompt): {}", error.what())});
  }
}

void TrainReporter::OnWarning(const Warning& warning) { console_.Warn(warning); }

void TrainReporter::OnNotice(const std::string& notice) {
  console_.Progress("");
  console_.Note(notice);
}

// What a model writes from a fixed prompt and seed.
void TrainReporter::Sample(const std::filesystem::path& model) {
  std::error_code ignored;
  if (report_.sample_tokens == 0 || !std::filesystem::exists(model, ignored)) return;
  const LoadedModel loaded = LoadedModel::Open(model, {}, pool_);
  const std::vector<Token> prompt = loaded.tokenizer->EncodePrompt(report_.prompt);
  Engine engine(loaded.model, {}, pool_);
  if (prompt.empty() || prompt.size() >= engine.context()) {
    throw Error(ErrorCategory::kLimit, "the prompt has {} tokens, the model takes 1 to {}", prompt.size(),
                engine.context() - 1);
  }
  RequestOptions asked;
  asked.sampling.seed = 1;
  asked.max_tokens = report_.sample_tokens;
  TextListener text(*loaded.model, *loaded.tokenizer, ListenerOptions(asked));
  Listener* listener = &text;
  engine.Submit(MakeRequest(loaded, asked, prompt), {&listener, 1});
  while (engine.Step()) {
  }
  text.finish().value().Check();
  const double share = VerbatimShare(text.ids(), *report_.documents, VerbatimLength(*report_.documents));
  std::string lines;
  for (const char c : report_.prompt + text.text()) lines += c == '\n' ? "\n  | " : std::string(1, c);
  console_.Note("  | " + lines);
  if (share > 0) {
    console_.Note(
        fmt::format("  {:.0f}% of this sample stands word for word in the text that is learned", 100 * share));
  }
}

}  // namespace sheepop::cli
