#include "serve/follow.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <ranges>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/numbers.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::chrono::milliseconds kEvery{500};

FileState StateOf(const fs::path& path) {
  std::error_code ignored;
  const std::uintmax_t size = fs::file_size(path, ignored);
  return {size, fs::last_write_time(path, ignored)};
}

}  // namespace

std::vector<RunCheckpoint> CheckpointsOf(const fs::path& run) {
  constexpr std::string_view kPrefix = "checkpoint-";
  std::vector<RunCheckpoint> found;
  std::error_code gone;
  for (fs::directory_iterator entry(run, gone), end; entry != end; entry.increment(gone)) {
    const std::string name = entry->path().stem().string();
    if (entry->path().extension() != ".gguf" || !name.starts_with(kPrefix)) continue;
    const std::string digits = name.substr(kPrefix.size());
    if (IsDigits(digits) && digits.front() != '-' && digits.size() < 19)
      found.push_back({name, std::stoull(digits), entry->path()});
  }
  std::ranges::sort(found, {}, &RunCheckpoint::step);
  return found;
}

json::array CurveOf(const fs::path& run) {
  std::map<int64_t, json::object> points;
  std::ifstream file(run / "metrics.jsonl");
  for (std::string line; std::getline(file, line) && !file.eof();) {
    json::object entry;
    try {
      entry = ParseJsonObject(line, "metrics.jsonl");
    } catch (const Error&) {
      continue;
    }
    const json::value* step = entry.if_contains("step");
    if (!step || !step->is_int64()) continue;
    json::object& point = points[step->get_int64()];
    point["step"] = *step;
    if (const json::value* loss = entry.if_contains("loss")) point["loss"] = *loss;
    if (const json::value* held_out = entry.if_contains("held_out_loss")) point["held_out"] = *held_out;
  }
  // Measurements are few and all of them stay.
  const size_t stride = points.size() / kMostPoints + 1;
  json::array curve;
  size_t index = 0;
  for (auto& [step, point] : points) {
    const bool last = index + 1 == points.size();
    if (index++ % stride == 0 || last || point.contains("held_out")) curve.push_back(std::move(point));
  }
  return curve;
}

Follower::Follower(Registry& registry, fs::path run, std::function<void(const std::string&)> told)
    : registry_(registry), run_(std::move(run)), name_(ModelName(run_)), told_(std::move(told)) {
  if (!fs::is_directory(run_)) {
    throw Error(ErrorCategory::kNotFound, "--follow is {}, there is no such folder; it is what `train --run` writes to",
                run_.string());
  }
  if (CheckpointsOf(run_).empty()) told_(fmt::format("waits for the first checkpoint of {}", run_.string()));
  while (!ServeNewest()) std::this_thread::sleep_for(kEvery);
  registry_.ResolveOthers([this](std::string_view name) { return Older(name); });
  watcher_ = std::thread([this] { Watch(); });
}

Follower::~Follower() {
  registry_.ResolveOthers({});
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

void Follower::Watch() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, kEvery, [&] { return stop_; })) return;
    }
    ServeNewest();
  }
}

// Whether any is served. A file that could not be read, or is served, is looked at again once it has changed: it may
// have been on its way, or its run may have begun anew.
bool Follower::ServeNewest() {
  for (const RunCheckpoint& checkpoint : CheckpointsOf(run_) | std::views::reverse) {
    const FileState state = StateOf(checkpoint.path);
    if (checkpoint.name == current_ && state == current_state_) return true;
    const auto unreadable = unreadable_.find(checkpoint.name);
    if (unreadable != unreadable_.end() && unreadable->second == state) continue;
    try {
      registry_.Open(name_, checkpoint.path, checkpoint.name);
    } catch (...) {
      const bool known = !unreadable_.insert_or_assign(checkpoint.name, state).second;
      const Error error = AsError(std::current_exception());
      if (!known) told_(fmt::format("{} cannot be served: {}", checkpoint.path.string(), error.what()));
      continue;
    }
    unreadable_.erase(checkpoint.name);
    current_state_ = state;
    const std::lock_guard lock(mutex_);
    current_ = checkpoint.name;
    return true;
  }
  return !current_.empty();
}

std::shared_ptr<const ServedModel> Follower::Older(std::string_view name) {
  if (!name.starts_with(name_ + ":")) return nullptr;
  const std::lock_guard lock(opening_);
  for (const RunCheckpoint& checkpoint : CheckpointsOf(run_)) {
    const std::string full = fmt::format("{}:{}", name_, checkpoint.name);
    if (full != name) continue;
    if (std::shared_ptr<const ServedModel> open = registry_.FindOpen(full)) return open;
    if (older_.size() == kMostOlder) {
      registry_.Close(older_.front());
      older_.pop_front();
    }
    std::shared_ptr<const ServedModel> opened = registry_.Open(full, checkpoint.path, checkpoint.name, true);
    older_.push_back(full);
    return opened;
  }
  return nullptr;
}

json::object Follower::Report() const {
  json::array checkpoints;
  for (const RunCheckpoint& checkpoint : CheckpointsOf(run_)) {
    checkpoints.push_back({{"name", checkpoint.name}, {"step", checkpoint.step}});
  }
  const std::lock_guard lock(mutex_);
  return {{"model", name_}, {"current", current_}, {"curve", CurveOf(run_)}, {"checkpoints", std::move(checkpoints)}};
}

}  // namespace sheepop
