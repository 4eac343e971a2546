// A training run that is served while it trains: its folder's newest checkpoint, as it appears, and the others by name.
#pragma once

#include <boost/json/object.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "serve/registry.h"

namespace sheepop {

struct RunCheckpoint {
  std::string name;  // "checkpoint-200"
  uint64_t step = 0;
  std::filesystem::path path;
};

// Those in a run's folder, by step. Empty where there is none yet, or no such folder.
std::vector<RunCheckpoint> CheckpointsOf(const std::filesystem::path& run);

// What metrics.jsonl of a run says so far: [{"step", "loss", "held_out"}], at most kMostPoints of them, spread evenly with
// the last always there. A line that is still being written is left for the next time.
inline constexpr size_t kMostPoints = 2000;
boost::json::array CurveOf(const std::filesystem::path& run);

using FileState = std::pair<std::uintmax_t, std::filesystem::file_time_type>;  // bytes, and when they were written

class Follower {
 public:
  // Serves the newest checkpoint under the name of the folder, from now on; waits for the first one. `told`: hears of a
  // checkpoint that cannot be opened, once. It is passed over until its file changes. `registry` must outlive the follower. Throws
  // kNotFound for a folder that is not there.
  Follower(Registry& registry, std::filesystem::path run, std::function<void(const std::string&)> told);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  ~Follower();

  const std::string& name() const { return name_; }

  // The model "NAME:CHECKPOINT", of a checkpoint that is still in the folder; opened where it is not open yet, and the
  // first of kMostOlder others closed for it. Null for any other name. Takes a while: not for the network's thread.
  std::shared_ptr<const ServedModel> Older(std::string_view name);
  static constexpr size_t kMostOlder = 4;

  // {"model", "current", "curve", "checkpoints": [{"name", "step"}]}. Reads files: not for the network's thread.
  boost::json::object Report() const;

 private:
  void Watch();
  bool ServeNewest();

  Registry& registry_;
  const std::filesystem::path run_;
  const std::string name_;
  const std::function<void(const std::string&)> told_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::string current_;
  FileState current_state_;                      // of the watcher, as is
  std::map<std::string, FileState> unreadable_;  // by name
  std::mutex opening_;
  std::deque<std::string> older_;  // open, the first opened first
  std::thread watcher_;
};

}  // namespace sheepop
