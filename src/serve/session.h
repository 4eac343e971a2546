// One request for text, from its parsed form to the last byte of its answer, whatever API it came by. Lives on the
// network's thread: as long as something will call it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "serve/dialect.h"
#include "serve/generation.h"
#include "serve/http/exchange.h"
#include "serve/metrics.h"

namespace sheepop {

// What sessions share.
struct SessionContext {
  Service& service;
  HearingThread thread;
  Metrics& metrics;
  // Seconds until a queue that is full has room again, as it looks now: 1 to 60.
  std::function<int()> retry_after_s;
  double beat_s = 10;  // without anything to say, until a stream says so
};

// An answer for a request that is refused, in the shape of OpenAI or Anthropic.
using ProblemBody = boost::json::object (*)(const ApiProblem& problem);
http::HttpResponse ProblemResponse(ApiProblem problem, ProblemBody body);

// Starts what was asked. Any thread; `exchange` is answered on the network's. `context` must outlive what it starts.
void StartSession(SessionContext& context, std::shared_ptr<http::Exchange> exchange, Parsed parsed, ProblemBody body);

// 24 characters of [0-9a-z], at random.
std::string RandomName();

}  // namespace sheepop
