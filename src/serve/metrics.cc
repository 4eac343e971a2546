#include "serve/metrics.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/numbers.h"

namespace sheepop {
namespace {

std::string Line(const std::string& kind, const std::string& name, const std::string& help, const std::string& value) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, kind, value);
}

}  // namespace

void Histogram::Add(double value) {
  const auto range = std::ranges::lower_bound(bounds_, value);
  ++counts_[static_cast<size_t>(range - bounds_.begin())];
  sum_ += value;
}

std::string Histogram::Text(const std::string& name, const std::string& help) const {
  std::string text = fmt::format("# HELP {0} {1}\n# TYPE {0} histogram\n", name, help);
  size_t below = 0;
  for (size_t i = 0; i < bounds_.size(); ++i) {
    below += counts_[i];
    text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, NumberText(bounds_[i]), below);
  }
  below += counts_.back();
  text += fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, below, NumberText(sum_));
  return text;
}

void Metrics::CountAnswer(const std::string& route, unsigned status) {
  const std::lock_guard lock(mutex_);
  ++answers_[{route, status}];
}

void Metrics::CountGeneration(const Ledger& ledger) {
  constexpr double kShareOfTheNewest = 0.2;
  const std::lock_guard lock(mutex_);
  ++generations_;
  prompt_ += ledger.prompt_tokens;
  reused_ += ledger.reused;
  computed_ += ledger.computed;
  written_ += ledger.written;
  queue_.Add(ledger.queue_s);
  first_token_.Add(ledger.first_token_s);
  total_.Add(ledger.total_s);
  const double ran_s = ledger.total_s - ledger.queue_s;
  recent_s_ = generations_ == 1 ? ran_s : recent_s_ + kShareOfTheNewest * (ran_s - recent_s_);
}

void Metrics::CountCancelled() {
  const std::lock_guard lock(mutex_);
  ++cancelled_;
}

double Metrics::RecentSeconds() const {
  const std::lock_guard lock(mutex_);
  return recent_s_;
}

std::string Metrics::Text(const std::vector<Gauge>& gauges) const {
  const std::lock_guard lock(mutex_);
  std::string text;
  const auto counter = [&](const char* name, const char* help, size_t value) {
    text += Line("counter", name, help, std::to_string(value));
  };
  counter("sheepop_generations_total", "Requests that were answered with generated text.", generations_);
  counter("sheepop_cancelled_total", "Requests whose client left before the end.", cancelled_);
  counter("sheepop_prompt_tokens_total", "Tokens of prompts.", prompt_);
  counter("sheepop_prompt_tokens_reused_total", "Of these, found in the cache.", reused_);
  counter("sheepop_prompt_tokens_computed_total", "Of these, computed.", computed_);
  counter("sheepop_completion_tokens_total", "Tokens written.", written_);
  text += "# HELP sheepop_answers_total Answers by route and status.\n# TYPE sheepop_answers_total counter\n";
  for (const auto& [key, count] : answers_) {
    text += fmt::format("sheepop_answers_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first, key.second, count);
  }
  text += queue_.Text("sheepop_queue_seconds", "From a request's arrival to its start.");
  text += first_token_.Text("sheepop_first_token_seconds", "From a request's arrival to its first token.");
  text += total_.Text("sheepop_request_seconds", "From a request's arrival to its end.");
  for (const Gauge& gauge : gauges) text += Line("gauge", gauge.name, gauge.help, NumberText(gauge.value));
  return text;
}

}  // namespace sheepop
