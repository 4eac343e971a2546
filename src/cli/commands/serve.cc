// sheepop serve: models for the clients that people have, over HTTP.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <csignal>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/flags/machine_flags.h"
#include "cli/flags/model_flags.h"
#include "cli/flags/option_flags.h"
#include "hub/models.h"
#include "serve/options.h"
#include "serve/server.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

constexpr double kEndSeconds = 5;  // to let go of the models once the answers have ended

// Tells systemd (sd_notify(3)) where it listens; does nothing where it does not.
void Notify(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!path || (path[0] != '/' && path[0] != '@') || std::string_view(path).size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  const size_t length = std::string_view(path).copy(address.sun_path, sizeof address.sun_path - 1);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (out < 0) return;
  sendto(out, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  close(out);
}

std::string Reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
}

// SIGTERM and SIGINT, which end the server, and SIGHUP, for every thread that is made after this one. A reader of the
// log that is gone ends nothing.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
    pipe_before_ = std::signal(SIGPIPE, SIG_IGN);
  }
  ~Signals() {
    std::signal(SIGPIPE, pipe_before_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // The next one, or 0 after `seconds`.
  int Wait(double seconds) const {
    timespec time{};
    time.tv_sec = static_cast<time_t>(seconds);
    time.tv_nsec = static_cast<long>((seconds - static_cast<double>(time.tv_sec)) * 1e9);
    const int signal = sigtimedwait(&set_, nullptr, &time);
    return signal < 0 ? 0 : signal;
  }

 private:
  sigset_t set_{}, before_{};
  void (*pipe_before_)(int) = SIG_DFL;
};

// As many open files as the connections need, where the system lets us.
void RaiseFileLimit(size_t connections) {
  constexpr rlim_t kOthers = 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, static_cast<rlim_t>(connections) + kOthers);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class Serve final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags_ = flags;
    flags
        .Value("-m,--model,model", models_,
               fmt::format("a model file, a folder, or a name; several times (default: {})", kChatModel))
        .As("MODEL");
    engine_.Register(flags);
    AddOptions(flags, kServeTable, options_);
    machine_.Register(flags);
    flags.Value("--config", config_, "a TOML file that sets flags by their names; those given here count").As("FILE");
  }

  int Run(Console& console) override;

 private:
  int ServeUntilTold(Console& console, std::unique_ptr<InferenceServer> server, const Signals& signals) const;

  std::optional<FlagSet> flags_;
  std::vector<std::string> models_;
  EngineFlags engine_;
  ServeOptions options_;
  MachineFlags machine_;
  std::optional<std::string> config_;
};

// Told to end meanwhile, there is nothing to wait for.
void Load(InferenceServer& server, const std::vector<std::filesystem::path>& paths, const Signals& signals) {
  std::future<void> loaded = std::async(std::launch::async, [&] { server.Load(paths); });
  while (loaded.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
    const int signal = signals.Wait(0.02);
    if (signal == SIGTERM || signal == SIGINT) std::_Exit(128 + signal);
  }
  loaded.get();
}

int Serve::ServeUntilTold(Console& console, std::unique_ptr<InferenceServer> server, const Signals& signals) const {
  for (;;) {
    const int signal = signals.Wait(1);
    if (signal == SIGHUP) {
      Notify(Reloading());
      try {
        server->ReloadTls();
      } catch (const Error& error) {
        console.PrintError(error);
      }
      Notify("READY=1");
    }
    if (signal == SIGTERM || signal == SIGINT) break;
  }
  // Whatever --grace is, systemd lets it pass.
  Notify(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={:.0f}", (options_.grace + kEndSeconds) * 1e6));
  console.Note(
      fmt::format("stopping when the answers have ended, at most {:g} s; once more ends at once", options_.grace));
  std::future<void> ended = std::async(std::launch::async, [&] {
    server->Drain(options_.grace);
    server.reset();
  });
  while (ended.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready) {
    const int signal = signals.Wait(0.05);
    if (signal == SIGTERM || signal == SIGINT) std::_Exit(128 + signal);
  }
  return 0;
}

int Serve::Run(Console& console) {
  if (config_) flags_->ReadToml(*config_);
  RaiseFileLimit(options_.max_connections);
  const Signals signals;
  std::vector<std::filesystem::path> paths;
  if (models_.empty() && options_.follow.empty()) models_.emplace_back(kChatModel);
  for (const std::string& model : models_) paths.push_back(FindModel(model));
  auto server = std::make_unique<InferenceServer>(options_, engine_.options, machine_.threads(), machine_.isa());
  Load(*server, paths, signals);
  for (const Warning& warning : server->warnings()) console.Warn(warning);
  const std::vector<std::string> names = server->models();
  if (console.json) {
    console.PrintJson(json::object{{"url", server->url()}, {"models", json::array(names.begin(), names.end())}});
  } else {
    console.Print(fmt::format("{} at {}\n", fmt::join(names, ", "), server->url()));
  }
  Notify("READY=1");
  return ServeUntilTold(console, std::move(server), signals);
}

}  // namespace

std::unique_ptr<Command> MakeServe() { return std::make_unique<Serve>(); }

}  // namespace sheepop::cli
