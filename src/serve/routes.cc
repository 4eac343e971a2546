#include "serve/routes.h"

#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <ctime>
#include <filesystem>
#include <memory>
#include <utility>
#include <variant>

#include "base/json.h"
#include "base/version.h"
#include "explain/capsule.h"
#include "serve/api/chat.h"
#include "serve/api/completions.h"
#include "serve/api/embeddings.h"
#include "serve/api/messages.h"
#include "serve/api/models.h"
#include "serve/api/responses.h"
#include "serve/api/tokens.h"
#include "serve/embedding_run.h"
#include "serve/follow.h"
#include "serve/http/head_parser.h"
#include "serve/http/refusal.h"
#include "serve/option_list.h"
#include "serve/page/assets.h"
#include "serve/upload.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using http::Exchange;
using http::HttpRequest;
using http::HttpResponse;

// What answers a request. Look is called on the network's thread, the others where they may take their time: Report and
// Reply give the whole answer, Parse what a session will generate; Launch answers by itself, and so does Take, whose
// body is no JSON.
using Look = HttpResponse (*)(const RoutesContext& context, const HttpRequest& request);
using Report = json::object (*)(const RoutesContext& context, const HttpRequest& request);
using Reply = json::object (*)(const json::object& body, const RequestContext& context);
using Parse = Parsed (*)(const json::object& body, const RequestContext& context);
using Launch = void (*)(const RoutesContext& context, std::shared_ptr<Exchange> exchange, const json::object& body,
                        const RequestContext& request);
using Take = void (*)(const RoutesContext& context, std::shared_ptr<Exchange> exchange);
using Action = std::variant<Look, Report, Reply, Parse, Launch, Take>;

struct Route {
  std::string_view path;  // without /v1; what ends in "/" stands for all below it
  std::string_view method;
  Action action;
  ProblemBody problem = OpenAiError;
  bool open = false;  // needs no key
};

HttpResponse JsonResponse(const json::value& body, unsigned status = 200) {
  return {.status = status, .body = json::serialize(body)};
}

HttpResponse Health(const RoutesContext&, const HttpRequest&) { return JsonResponse({{"status", "ok"}}); }

HttpResponse Ready(const RoutesContext& context, const HttpRequest&) {
  const ServerState state = context.state;
  std::string_view what = state == ServerState::kLoading ? "loading" : state == ServerState::kReady ? "" : "draining";
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
  return JsonResponse(ModelList(context.registry));
}

json::object OneModel(const RoutesContext& context, const HttpRequest& request) {
  constexpr std::string_view kPrefix = "/models/";
  return ModelObject(context.registry, request.path.substr(request.path.find(kPrefix) + kPrefix.size()));
}

json::object TokenizerInfoOf(const RoutesContext& context, const HttpRequest&) {
  return TokenizerInfo(*context.registry.Find(""));
}

json::object Follow(const RoutesContext& context, const HttpRequest&) {
  if (const Follower* follower = context.follower()) return follower->Report();
  throw ApiError({.status = 404,
                  .type = "not_found_error",
                  .code = "no_run",
                  .message = "no training run is followed; start the server with --follow RUN"});
}

void Embed(const RoutesContext& context, std::shared_ptr<Exchange> exchange, const json::object& body,
           const RequestContext& request) {
  StartEmbeddings(context.sessions, std::move(exchange), ParseEmbeddings(body, request));
}

// Percent-decoded; empty where the query has none.
std::string QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (!part.starts_with(name) || part.size() <= name.size() || part[name.size()] != '=') continue;
    try {
      return http::PercentDecode(part.substr(name.size() + 1));
    } catch (const http::Refusal&) {
      RefuseField(name, fmt::format("{} is no percent-encoded UTF-8", name));
    }
  }
  return "";
}

bool IsLoopbackPeer(std::string_view peer) { return peer.starts_with("127.") || peer.starts_with("[::1]"); }

void Upload(const RoutesContext& context, std::shared_ptr<Exchange> exchange) {
  const HttpRequest& request = exchange->request();
  if (!context.options.uploads && !IsLoopbackPeer(request.peer)) {
    throw ApiError({.status = 403,
                    .type = "permission_error",
                    .code = "uploads_are_off",
                    .message = "documents from other machines are not read here; start the server with --uploads"});
  }
  // Of a client that has left nobody waits for the document.
  const auto left = std::make_shared<std::atomic<bool>>(false);
  exchange->OnClosed([left] { *left = true; });
  context.uploads.Add([exchange = std::move(exchange), left, &state = context.state] {
    const auto unwanted = [&] { return *left || state == ServerState::kEnding; };
    try {
      const HttpRequest& upload = exchange->request();
      const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
      exchange->Respond(JsonResponse(ReadUpload(program, QueryValue(upload.query, "name"), upload.body, unwanted)));
    } catch (...) {
      exchange->Respond(ProblemResponse(ProblemOf(std::current_exception()), OpenAiError));
    }
  });
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
    {"/", "GET", Page, OpenAiError, true},
    {"/page/", "GET", Page, OpenAiError, true},
    {"/health", "GET", Health, OpenAiError, true},
    {"/ready", "GET", Ready, OpenAiError, true},
    {"/version", "GET", Version},
    {"/metrics", "GET", MetricsText},
    {"/slots", "GET", Slots},
    {"/options", "GET", Options},
    {"/models", "GET", Models},
    {"/models/", "GET", OneModel},
    {"/follow", "GET", Follow},
    {"/ingest", "POST", Upload},
    {"/chat/completions", "POST", ParseChat},
    {"/completions", "POST", ParseCompletions},
    {"/embeddings", "POST", Embed},
    {"/responses", "POST", ParseResponses},
    {"/messages", "POST", ParseMessages, AnthropicError},
    {"/messages/count_tokens", "POST", CountTokens, AnthropicError},
    {"/tokenize", "POST", TokenizeText},
    {"/detokenize", "POST", DetokenizeIds},
    {"/apply-template", "POST", ApplyTemplate},
    {"/tokenizer_info", "GET", TokenizerInfoOf},
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

ApiProblem NotReady(ServerState state) {
  if (state != ServerState::kLoading) return StoppingProblem();
  return {.status = 503,
          .type = "unavailable_error",
          .code = "loading",
          .message = "the model is being loaded; try again in a moment",
          .retry_after_s = 1};
}

// With time to take.
void Answer(const RoutesContext& context, const std::shared_ptr<Exchange>& exchange, const Route& route) {
  const HttpRequest& request = exchange->request();
  if (const Take* take = std::get_if<Take>(&route.action)) return (*take)(context, exchange);
  const RequestContext request_context{context.registry, context.options.unknown_fields, std::time(nullptr)};
  const json::object body = BodyOf(request);
  if (const Parse* parse = std::get_if<Parse>(&route.action)) {
    StartSession(context.sessions, exchange, (*parse)(body, request_context), route.problem);
  } else if (const Launch* launch = std::get_if<Launch>(&route.action)) {
    (*launch)(context, exchange, body, request_context);
  } else if (const Report* report = std::get_if<Report>(&route.action)) {
    exchange->Respond(JsonResponse((*report)(context, request)));
  } else {
    exchange->Respond(JsonResponse(std::get<Reply>(route.action)(body, request_context)));
  }
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
  const auto guarded = [exchange, route](const auto& answer) {
    try {
      answer();
    } catch (...) {
      exchange->Respond(ProblemResponse(ProblemOf(std::current_exception()), route->problem));
    }
  };
  if (const Look* look = std::get_if<Look>(&route->action)) {
    guarded([&] { exchange->Respond((*look)(context_, request)); });
  } else if (context_.state != ServerState::kReady) {
    exchange->Respond(ProblemResponse(NotReady(context_.state), route->problem));
  } else {
    context_.work.Add(
        [context = context_, exchange, route, guarded] { guarded([&] { Answer(context, exchange, *route); }); });
  }
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
