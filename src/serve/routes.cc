#include "serve/routes.h"

#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <ctime>
#include <utility>

#include "base/version.h"
#include "checkpoint/json.h"
#include "explain/capsule.h"
#include "serve/api/chat.h"
#include "serve/api/completions.h"
#include "serve/api/messages.h"
#include "serve/api/responses.h"
#include "serve/follow.h"
#include "serve/option_list.h"
#include "serve/page/assets.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using http::Exchange;
using http::HttpRequest;
using http::HttpResponse;

// What an answer is made of. Generate ones go to a session, the others are whole at once.
using Parse = Parsed (*)(const json::object& body, const RequestContext& context);
using Reply = json::object (*)(const json::object& body, const RequestContext& context);
using Report = json::object (*)(const RoutesContext& context);
using Look = HttpResponse (*)(const RoutesContext& context, const HttpRequest& request);

struct Route {
  std::string_view path;  // without /v1; what ends in "/" stands for all below it
  std::string_view method;
  bool open = false;      // needs no key
  Look look = nullptr;    // on the network's thread
  Parse parse = nullptr;  // on a thread for work, as is Reply
  Reply reply = nullptr;
  ProblemBody problem = OpenAiError;
  Report report = nullptr;  // on a thread for work, too
};

HttpResponse JsonResponse(const json::value& body, unsigned status = 200) {
  return {.status = status, .body = json::serialize(body)};
}

HttpResponse Health(const RoutesContext&, const HttpRequest&) { return JsonResponse({{"status", "ok"}}); }

HttpResponse Ready(const RoutesContext& context, const HttpRequest&) {
  const ServerState state = context.state;
  std::string_view what = state == ServerState::kLoading    ? "loading"
                          : state == ServerState::kDraining ? "draining"
                                                            : "";
  for (const auto& model : context.registry.All()) {
    if (!what.empty()) break;
    const ModelCounts counts = context.service.counts(model->id);
    if (counts.waiting > 0 && counts.waiting >= context.options.queue) what = "full";
  }
  if (what.empty()) return JsonResponse({{"status", "ready"}});
  HttpResponse response = JsonResponse({{"status", what}}, 503);
  response.headers.push_back({"Retry-After", std::to_string(context.sessions.retry_after_s())});
  return response;
}

HttpResponse Version(const RoutesContext&, const HttpRequest&) {
  return JsonResponse({{"version", kVersion}, {"build", ThisBuild()}});
}

HttpResponse MetricsText(const RoutesContext& context, const HttpRequest&) {
  size_t active = 0, waiting = 0, positions = 0, free = 0;
  for (const auto& model : context.registry.All()) {
    const ModelCounts counts = context.service.counts(model->id);
    active += counts.active;
    waiting += counts.waiting;
    positions += counts.positions;
    free += counts.free_positions;
  }
  const auto number = [](size_t value) { return static_cast<double>(value); };
  const std::string text = context.metrics.Text(
      {{"sheepop_active_sequences", "Texts that are being written.", number(active)},
       {"sheepop_waiting_requests", "Requests that have not started.", number(waiting)},
       {"sheepop_cache_positions", "Positions of the caches of keys and values.", number(positions)},
       {"sheepop_cache_positions_free", "Of these, in blocks that no active text holds.", number(free)},
       {"sheepop_connections", "Open connections.", number(context.connections())},
       {"sheepop_log_lines_dropped", "Lines of the log that could not be written.", number(context.log.dropped())}});
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = text};
}

HttpResponse Slots(const RoutesContext& context, const HttpRequest&) {
  json::array models;
  for (const auto& model : context.registry.All()) {
    const ModelCounts counts = context.service.counts(model->id);
    models.push_back({{"model", model->name},
                      {"sequences", context.options.sequences},
                      {"active", counts.active},
                      {"waiting", counts.waiting},
                      {"queue", context.options.queue},
                      {"context", model->context},
                      {"cache_positions", counts.positions},
                      {"cache_positions_free", counts.free_positions}});
  }
  return JsonResponse(std::move(models));
}

HttpResponse Options(const RoutesContext&, const HttpRequest&) { return JsonResponse(SamplingOptionList()); }

HttpResponse Models(const RoutesContext& context, const HttpRequest&) {
  json::array models;
  for (const auto& model : context.registry.All()) models.push_back(json::object{{"id", model->name}});
  return JsonResponse(json::object{{"object", "list"}, {"data", std::move(models)}});
}

HttpResponse OneModel(const RoutesContext& context, const HttpRequest& request) {
  const std::string_view name = std::string_view(request.path).substr(request.path.find("models/") + 7);
  return JsonResponse({{"id", context.registry.Find(name)->name}});
}

json::object Follow(const RoutesContext& context) {
  if (const Follower* follower = context.follower()) return follower->Report();
  throw ApiError({.status = 404,
                  .type = "not_found_error",
                  .code = "no_run",
                  .message = "no training run is followed; start the server with --follow RUN"});
}

HttpResponse Page(const RoutesContext&, const HttpRequest& request) {
  const Asset* asset = FindPageAsset(request.path);
  if (!asset) throw ApiError({.status = 404, .type = "not_found_error", .message = "the page has no such file"});
  return {.content_type = std::string(asset->content_type),
          .body = std::string(asset->body),
          .headers = {{"Content-Security-Policy",
                       "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}}};
}

const Route kRoutes[] = {
    {"/", "GET", true, Page},
    {"/page/", "GET", true, Page},
    {"/health", "GET", true, Health},
    {"/ready", "GET", true, Ready},
    {"/version", "GET", false, Version},
    {"/metrics", "GET", false, MetricsText},
    {"/slots", "GET", false, Slots},
    {"/options", "GET", false, Options},
    {"/follow", "GET", false, nullptr, nullptr, nullptr, OpenAiError, Follow},
    {"/models", "GET", false, Models},
    {"/models/", "GET", false, OneModel},
    {"/chat/completions", "POST", false, nullptr, ParseChat},
    {"/completions", "POST", false, nullptr, ParseCompletions},
    {"/responses", "POST", false, nullptr, ParseResponses},
    {"/messages", "POST", false, nullptr, ParseMessages, nullptr, AnthropicError},
    {"/messages/count_tokens", "POST", false, nullptr, nullptr, CountTokens, AnthropicError},
};

std::string_view WithoutVersion(std::string_view path) { return path.starts_with("/v1/") ? path.substr(3) : path; }

const Route* Find(std::string_view path) {
  path = WithoutVersion(path);
  for (const Route& route : kRoutes) {
    const bool below = route.path.size() > 1 && route.path.ends_with('/');
    if (below ? path.starts_with(route.path) && path.size() > route.path.size() : path == route.path) return &route;
  }
  return nullptr;
}

// Bodies in other forms than JSON are no mistake of a person at a terminal, who leaves the header out.
void CheckContentType(const HttpRequest& request) {
  const std::string_view type = request.Get("content-type");
  if (!type.starts_with("multipart/")) return;
  throw ApiError({.status = 415, .message = fmt::format("Content-Type is {}, must be application/json", type)});
}

json::object BodyOf(const HttpRequest& request) {
  if (request.method == "GET") return {};
  CheckContentType(request);
  return ForField("", [&] {
    try {
      return ParseJsonObject(request.body, "the request's body");
    } catch (const Error& error) {
      throw Error(ErrorCategory::kInvalidArgument, "{}", error.what());
    }
  });
}

ApiProblem NoSuchPath(const HttpRequest& request) {
  return {.status = 404,
          .type = "not_found_error",
          .code = "unknown_path",
          .message = fmt::format("there is no {} here; the API is at /v1/chat/completions and beside it, the page at /",
                                 request.path)};
}

HttpResponse WrongMethod(const HttpRequest& request, const Route& route) {
  HttpResponse response =
      ProblemResponse({.status = 405,
                       .code = "wrong_method",
                       .message = fmt::format("{} answers {}, not {}", request.path, route.method, request.method)},
                      route.problem);
  response.headers.push_back({"Allow", std::string(route.method)});
  return response;
}

}  // namespace

bool Routes::IsOpen(std::string_view path) {
  const Route* route = Find(path);
  return route && route->open;
}

std::string Routes::NameOf(std::string_view path) {
  const Route* route = Find(path);
  return route ? std::string(route->path) : "other";
}

void Routes::Handle(std::shared_ptr<Exchange> exchange) const {
  const HttpRequest& request = exchange->request();
  const Route* route = Find(request.path);
  if (!route) return exchange->Respond(ProblemResponse(NoSuchPath(request), OpenAiError));
  const bool head = request.method == "HEAD" && route->method == "GET";
  if (request.method != route->method && !head) return exchange->Respond(WrongMethod(request, *route));
  if (route->look) {
    HttpResponse response;
    try {
      response = route->look(context_, request);
    } catch (...) {
      response = ProblemResponse(ProblemOf(std::current_exception()), route->problem);
    }
    return exchange->Respond(std::move(response));
  }
  if (context_.state != ServerState::kReady) {
    const bool loading = context_.state == ServerState::kLoading;
    return exchange->Respond(ProblemResponse({.status = 503,
                                              .type = "unavailable_error",
                                              .code = loading ? "loading" : "stopping",
                                              .message = loading ? "the model is being loaded; try again in a moment"
                                                                 : "the server is stopping; try again in a while",
                                              .retry_after_s = loading ? 1 : 5},
                                             route->problem));
  }
  context_.work.Add([context = context_, exchange = std::move(exchange), route] {
    HttpResponse response;
    try {
      const RequestContext request_context{context.registry, context.options.unknown_fields, std::time(nullptr)};
      const json::object body = BodyOf(exchange->request());
      if (route->parse)
        return StartSession(context.sessions, exchange, route->parse(body, request_context), route->problem);
      response = JsonResponse(route->report ? route->report(context) : route->reply(body, request_context));
    } catch (...) {
      response = ProblemResponse(ProblemOf(std::current_exception()), route->problem);
    }
    exchange->Respond(std::move(response));
  });
}

HttpResponse Refusal(unsigned status, std::string_view code, std::string_view message) {
  ApiProblem problem{.status = status, .code = std::string(code), .message = std::string(message)};
  if (status == 401) problem.type = "authentication_error";
  if (status == 403) problem.type = "permission_error";
  if (status == 429) problem.type = "rate_limit_error";
  if (status == 503) problem.type = "unavailable_error";
  if (status == 500) problem.type = "server_error";
  return ProblemResponse(problem, OpenAiError);
}

}  // namespace sheepop
