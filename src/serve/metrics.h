// What the server counts of itself, as Prometheus reads it (text exposition format 0.0.4). Any thread.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "serve/answer.h"

namespace sheepop {

// How many values fell into each range, and their sum.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1, 0) {}
  void Add(double value);
  std::string Text(const std::string& name, const std::string& help) const;

 private:
  std::vector<double> bounds_;  // inclusive, ascending
  std::vector<size_t> counts_;
  double sum_ = 0;
};

class Metrics {
 public:
  void CountAnswer(const std::string& route, unsigned status);
  void CountGeneration(const Ledger& ledger);
  void CountCancelled();

  // How long a request took lately, from its start to its end, in seconds; 0 before the first.
  double RecentSeconds() const;

  // `gauges`: {name, help, value} of the moment.
  struct Gauge {
    std::string name, help;
    double value;
  };
  std::string Text(const std::vector<Gauge>& gauges) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, unsigned>, size_t> answers_;
  size_t generations_ = 0, cancelled_ = 0, prompt_ = 0, reused_ = 0, computed_ = 0, written_ = 0;
  double recent_s_ = 0;
  Histogram queue_{{0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120}};
  Histogram first_token_{{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60}};
  Histogram total_{{0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600}};
};

}  // namespace sheepop
