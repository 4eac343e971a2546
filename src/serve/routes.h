// Which request is answered by what. Every path is there with /v1 before it and without.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "serve/fields.h"
#include "serve/http/exchange.h"
#include "serve/log.h"
#include "serve/registry.h"
#include "serve/session.h"
#include "serve/work_queue.h"

namespace sheepop {

class Follower;

// Draining, it takes no requests and answers those that are there; ending, it gives up what is not answered yet.
enum class ServerState { kLoading, kReady, kDraining, kEnding };

// What the routes answer from.
struct RoutesContext {
  Service& service;
  Registry& registry;
  SessionContext& sessions;
  Metrics& metrics;
  WorkQueue& work;
  const AnswerLog& log;
  const ServeOptions& options;
  std::atomic<ServerState>& state;
  WorkQueue& uploads;  // of one thread: one document at a time
  std::function<size_t()> connections;
  std::function<const Follower*()> follower;  // null where no run is followed
};

class Routes {
 public:
  explicit Routes(const RoutesContext& context) : context_(context) {}

  // Network's thread; does not block.
  void Handle(std::shared_ptr<http::Exchange> exchange) const;

  // Whether a path may be asked for without a key: the page, and what balancers ask.
  static bool IsOpen(std::string_view path);
  // How a route is named in metrics; "other" for what is none.
  static std::string NameOf(std::string_view path);

 private:
  const RoutesContext context_;
};

// The body of a refusal by the transport.
http::HttpResponse Refusal(unsigned status, std::string_view code, std::string_view message);

}  // namespace sheepop
