// sheepop bench: tokens a second, and the share of this machine's limits that this is.
#include "evaluate/bench.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/flags/model_flags.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

// The peak of this process since ForgetPeak, or since it began where the system has no such thing.
size_t PeakResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string field; status >> field;) {
    size_t kilobytes = 0;
    if (field == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) * 1024;
}

// The buffers that measured the machine are not the model's memory.
void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

class BenchCommand final : public Command {
 public:
  void Register(FlagSet flags) override {
    model_.Register(flags, true);
    flags.List("--prefill", options_.prefill, {1, 1048576}, "prompt lengths in tokens, 1 to 1048576 (default 512)")
        .As("N,N,..");
    flags
        .Value("--decode", options_.decode, {0, kMostContext},
               "tokens written by each sequence, 0 to 16777216; 0: only prefill (default 64)")
        .As("N");
    flags.List("--batch", options_.batch, {1, 256}, "sequences side by side, 1 to 256 (default 1)").As("N,N,..");
    flags
        .List("--depth", options_.depth, {0, kMostContext},
              "positions already in the context, 0 to 16777216 (default 0)")
        .As("N,N,..");
    flags.Value("--repeat", options_.repeat, {1, 1000}, "repetitions, 1 to 1000; the median is reported (default 5)")
        .As("N");
    flags.Value("--chunk", options_.chunk, {1, 65536}, "prompt tokens of one pass, 1 to 65536 (default 256)").As("N");
    flags.Switch("--no-prefill", no_prefill_, "measure only decoding");
  }

  int Run(Console& console) override;

 private:
  ModelFlags model_;
  BenchOptions options_;
  bool no_prefill_ = false;
};

int BenchCommand::Run(Console& console) {
  if (no_prefill_) options_.prefill.clear();
  const Checkpoint checkpoint = Checkpoint::Open(model_.Path(console));
  const auto model = Model::Load(checkpoint, {.context = 0, .isa = model_.isa()}, model_.pool());
  console.Progress("measuring the machine");
  MachineLimits limits = MeasureLimits(model->isa(), model_.pool());
  limits.again_bytes_per_s = [again = limits.again_bytes_per_s](double bytes) {
    const double rate = again(bytes);
    ForgetPeak();
    return rate;
  };
  ForgetPeak();
  const auto results =
      Bench(*model, options_, limits, model_.pool(), [&](std::string_view line) { console.Progress(line); });
  console.Progress("");
  if (console.json) {
    json::array list;
    for (const BenchResult& result : results) {
      const auto [low, high] = std::ranges::minmax(result.tokens_per_s);
      list.push_back({{"test", result.test},
                      {"tokens", result.tokens},
                      {"batch", result.batch},
                      {"depth", result.depth},
                      {"tokens_per_s", {{"median", Median(result.tokens_per_s)}, {"min", low}, {"max", high}}},
                      {"share_of_limit", result.share_of_limit},
                      {"limited_by", result.limited_by}});
    }
    console.PrintJson({{"machine",
                        {{"isa", Name(model->isa())},
                         {"threads", model_.pool().threads()},
                         {"read_gb_s", limits.read_bytes_per_s / 1e9},
                         {"int8_gops", limits.int8_ops_per_s / 1e9}}},
                       {"results", std::move(list)},
                       {"peak_rss_bytes", PeakResidentBytes()}});
    return 0;
  }
  console.Print(fmt::format("{} threads, {}: reads {:.1f} GB/s, multiplies {:.0f} int8 GOP/s; weights {:.1f} MB\n",
                            model_.pool().threads(), Name(model->isa()), limits.read_bytes_per_s / 1e9,
                            limits.int8_ops_per_s / 1e9, static_cast<double>(model->weights().bytes()) / 1e6));
  console.Print(fmt::format("{:<10}{:>8}{:>8}{:>8}{:>12}{:>12}{:>12}  of limit\n", "test", "tokens", "batch", "depth",
                            "tok/s", "min", "max"));
  for (const BenchResult& result : results) {
    const auto [low, high] = std::ranges::minmax(result.tokens_per_s);
    console.Print(fmt::format("{:<10}{:>8}{:>8}{:>8}{:>12.1f}{:>12.1f}{:>12.1f}{:>6.0f}% {}\n", result.test,
                              result.tokens, result.batch, result.depth, Median(result.tokens_per_s), low, high,
                              100 * result.share_of_limit, result.limited_by));
  }
  if (std::ranges::any_of(results, [](const BenchResult& result) { return result.limited_by == "cache"; })) {
    console.Print("cache: what a pass reads fits into the processor's caches, so their speed is the limit\n");
  }
  console.Print(fmt::format("peak memory {:.1f} MB\n", static_cast<double>(PeakResidentBytes()) / 1e6));
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeBench() { return std::make_unique<BenchCommand>(); }

}  // namespace sheepop::cli
