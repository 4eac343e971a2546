#include "serve/server.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/quoted.h"
#include "serve/follow.h"
#include "serve/http/server.h"
#include "serve/log.h"
#include "serve/registry.h"
#include "serve/routes.h"

namespace sheepop {
namespace {

constexpr size_t kWorkThreads = 2;
// For the last words of streams to leave.
constexpr double kFarewellS = 2;

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

// Whether `what` comes true within `seconds`.
bool Soon(const std::function<bool()>& what, double seconds) {
  for (const Stopwatch watch; !what();) {
    if (watch.seconds() >= seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// As Gate compares them: a name without a port, an origin as browsers write it. Others would never match.
void CheckNames(const ServeOptions& options) {
  const auto check = [](std::string_view flag, const std::string& name, bool fits, std::string_view bound) {
    if (fits) return;
    throw Error(ErrorCategory::kInvalidArgument, "{} is {}, which no request can match: must be {}", flag, Quoted(name),
                bound);
  };
  constexpr std::string_view kOfNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  constexpr std::string_view kOfAddresses = "0123456789abcdefABCDEF:.";
  for (const std::string& host : options.allowed_hosts) {
    const bool is_name = !host.empty() && host.find_first_not_of(kOfNames) == std::string::npos;
    const std::string_view inner =
        host.starts_with('[') && host.ends_with(']') ? std::string_view(host).substr(1, host.size() - 2) : host;
    const bool is_address = std::ranges::count(inner, ':') > 1 && inner.find_first_not_of(kOfAddresses) == inner.npos;
    check("--allowed-host", host, is_name || is_address,
          "a name or an address without scheme and port, such as example.org");
  }
  for (const std::string& origin : options.cors) {
    const size_t colon = origin.find("://");
    const bool has_parts = colon != std::string::npos && colon > 0 && colon + 3 < origin.size();
    const bool fits = has_parts && origin.find('/', colon + 3) == std::string::npos &&
                      origin.find_first_of("?#@* \tABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
    check(
        "--cors", origin, fits || origin == "null",
        "scheme, host and port as browsers send them, in lower case and without a path, such as http://localhost:3000");
  }
}

void CheckSafe(const ServeOptions& options) {
  CheckNames(options);
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "--tls-cert and --tls-key go together; one of them is missing");
  }
  if (!options.api_key_file.empty() && options.no_key) {
    throw Error(ErrorCategory::kInvalidArgument, "--api-key-file and --no-key contradict each other; leave one out");
  }
  if (IsLoopback(options.host) || options.no_key || !options.api_key_file.empty()) return;
  throw Error(ErrorCategory::kInvalidArgument,
              "--host is {}, which other machines reach, and nobody would need a key; give --api-key-file FILE, or "
              "--no-key if everybody may come in",
              options.host);
}

http::HttpOptions NetworkOptions(const ServeOptions& options) {
  http::HttpOptions network;
  network.host = options.host;
  network.port = static_cast<uint16_t>(options.port);
  if (!options.api_key_file.empty()) network.keys = http::ReadApiKeys(options.api_key_file);
  network.allowed_hosts = options.allowed_hosts;
  network.cors_origins = options.cors;
  network.tls_cert = options.tls_cert;
  network.tls_key = options.tls_key;
  network.max_body = options.max_body_mib << 20;
  network.max_bodies = std::max(network.max_bodies, 2 * network.max_body);
  network.max_connections = options.max_connections;
  network.is_open = Routes::IsOpen;
  network.refusal = Refusal;
  return network;
}

// How requests that say nothing are drawn; "" where the model's makers advise nothing.
std::string AdviceText(const ServedModel& model) {
  std::string options;
  for (const auto& [row, value] : model.loaded.suggested.options) {
    options += fmt::format("{}{} {}", options.empty() ? "" : ", ", row->name, value);
  }
  if (options.empty()) return "";
  return fmt::format("{}: drawing with {}, advised by {}; fields of a request stand over it", model.name, options,
                     model.loaded.suggested.source);
}

}  // namespace

class InferenceServer::Impl {
 public:
  Impl(const ServeOptions& options, const EngineOptions& engine, size_t threads, Isa isa);
  ~Impl();

  void Load(const std::vector<std::filesystem::path>& models);
  std::string url() const;
  std::vector<std::string> models() const;
  std::vector<Warning> warnings() const;
  void ReloadTls() { http_.ReloadTls(); }
  bool Drain(double seconds);

 private:
  RoutesContext Context() {
    return {service_,
            registry_,
            sessions_,
            metrics_,
            work_,
            log_,
            options_,
            state_,
            uploads_,
            [this] { return http_.connections(); },
            [this] { return follower_.get(); }};
  }
  http::HttpOptions Network();
  int RetryAfter() const;

  const ServeOptions options_;
  std::atomic<ServerState> state_{ServerState::kLoading};
  AnswerLog log_;
  Metrics metrics_;
  Service service_;
  Registry registry_;
  std::unique_ptr<Follower> follower_;
  SessionContext sessions_;
  http::Server http_;
  WorkQueue uploads_{1};          // as is work_
  WorkQueue work_{kWorkThreads};  // goes before http_, which its work answers through
  Routes routes_;
};

InferenceServer::Impl::Impl(const ServeOptions& options, const EngineOptions& engine, size_t threads, Isa isa)
    : options_((CheckSafe(options), options)),
      log_(options.log),
      service_(threads),
      registry_(service_, options_, engine, isa),
      sessions_{service_,
                {[this](std::function<void()> work) { http_.Post(std::move(work)); },
                 [this](double seconds, std::function<void()> work) { http_.After(seconds, std::move(work)); }},
                metrics_,
                [this] { return RetryAfter(); }},
      http_(Network(), [this](std::shared_ptr<http::Exchange> exchange) { routes_.Handle(std::move(exchange)); }),
      routes_(Context()) {
  http_.Start();
}

InferenceServer::Impl::~Impl() {
  if (state_ != ServerState::kEnding) Drain(0);
  http_.Stop();
}

http::HttpOptions InferenceServer::Impl::Network() {
  http::HttpOptions network = NetworkOptions(options_);
  network.answered = [this](const http::HttpRequest& request, unsigned status, size_t bytes, double seconds) {
    metrics_.CountAnswer(Routes::NameOf(request.path), status);
    log_.Add(request, status, bytes, seconds);
  };
  return network;
}

// What waits before a newcomer, at the pace of late.
int InferenceServer::Impl::RetryAfter() const {
  size_t waiting = 0;
  for (const auto& model : registry_.All()) waiting = std::max(waiting, service_.counts(model->id).waiting);
  const double rounds = static_cast<double>(waiting) / static_cast<double>(options_.sequences);
  return static_cast<int>(std::clamp(std::ceil(rounds * metrics_.RecentSeconds()), 1.0, 60.0));
}

void InferenceServer::Impl::Load(const std::vector<std::filesystem::path>& models) {
  for (const std::filesystem::path& path : models) {
    const std::string name = ModelName(path);
    if (std::ranges::any_of(registry_.All(), [&](const auto& model) { return model->name == name; })) {
      throw Error(ErrorCategory::kInvalidArgument, "two models are named {}; rename one of the files", name);
    }
    const std::string advice = AdviceText(*registry_.Open(name, path));
    if (!advice.empty()) log_.Say(advice);
  }
  if (!options_.follow.empty()) {
    follower_ =
        std::make_unique<Follower>(registry_, options_.follow, [this](const std::string& line) { log_.Say(line); });
  }
  registry_.CheckAliases();
  state_ = ServerState::kReady;
}

std::string InferenceServer::Impl::url() const {
  const bool v6 = options_.host.find(':') != std::string::npos && !options_.host.starts_with('[');
  return fmt::format("{}://{}{}{}:{}", options_.tls_cert.empty() ? "http" : "https", v6 ? "[" : "", options_.host,
                     v6 ? "]" : "", http_.port());
}

std::vector<std::string> InferenceServer::Impl::models() const {
  std::vector<std::string> names;
  for (const auto& model : registry_.All()) names.push_back(model->name);
  return names;
}

std::vector<Warning> InferenceServer::Impl::warnings() const {
  std::vector<Warning> all;
  for (const auto& model : registry_.All()) {
    const std::vector<Warning> own = model->loaded.Warnings();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

// Who comes meanwhile is told so; the last words of streams get a while to leave.
bool InferenceServer::Impl::Drain(double seconds) {
  state_ = ServerState::kDraining;
  const bool whole = Soon([&] { return http_.answering() == 0; }, seconds);
  state_ = ServerState::kEnding;
  service_.Drain(0);
  Soon([&] { return http_.answering() == 0; }, kFarewellS);
  http_.StopAccepting();
  Soon([&] { return http_.connections() == 0; }, kFarewellS);
  return whole;
}

InferenceServer::InferenceServer(const ServeOptions& options, const EngineOptions& engine, size_t threads, Isa isa)
    : impl_(std::make_unique<Impl>(options, engine, threads, isa)) {}

InferenceServer::~InferenceServer() = default;

void InferenceServer::Load(const std::vector<std::filesystem::path>& models) { impl_->Load(models); }
std::string InferenceServer::url() const { return impl_->url(); }
std::vector<std::string> InferenceServer::models() const { return impl_->models(); }
std::vector<Warning> InferenceServer::warnings() const { return impl_->warnings(); }
void InferenceServer::ReloadTls() { impl_->ReloadTls(); }
bool InferenceServer::Drain(double seconds) { return impl_->Drain(seconds); }

}  // namespace sheepop
