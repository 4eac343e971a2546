#include "serve/http/gate.h"

#include <fmt/core.h>

#include <algorithm>

#include "serve/http/refusal.h"
#include "serve/http/text.h"

namespace sheepop::http {
namespace {

// "[::1]:8080" -> "[::1]", "name:80" -> "name".
std::string_view WithoutPort(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) return host;
  return host.substr(0, colon);
}

std::string InBrackets(std::string_view address) {
  return address.find(':') != std::string_view::npos && !address.starts_with('[') ? fmt::format("[{}]", address)
                                                                                  : std::string(address);
}

}  // namespace

Gate::Gate(const HttpOptions& options, bool loopback, std::string_view address)
    : options_(options), keys_(options.keys) {
  if (!loopback && options.allowed_hosts.empty()) return;
  hosts_ = {"localhost", "127.0.0.1", "[::1]", InBrackets(LowerCase(address)), InBrackets(LowerCase(options.host))};
  for (const std::string& host : options.allowed_hosts) hosts_.push_back(InBrackets(LowerCase(host)));
}

void Gate::Check(HttpRequest& request) const {
  CheckHost(request);
  if (request.method == "OPTIONS") return;
  CheckOrigin(request);
  if (!keys_.empty() && !options_.is_open(request.path)) {
    auto name = keys_.Find(request.headers);
    if (!name) {
      throw Refusal(401, "invalid_api_key",
                    "a key is needed that this server knows, as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\"",
                    {{"WWW-Authenticate", "Bearer"}});
    }
    request.key_name = *std::move(name);
  }
}

void Gate::CheckHost(const HttpRequest& request) const {
  if (hosts_.empty()) return;
  const bool has_host = std::ranges::any_of(
      request.headers, [](const Header& header) { return EqualsIgnoringCase(header.name, "Host"); });
  if (!has_host) return;  // HTTP/1.0, which no browser speaks
  const std::string host = LowerCase(WithoutPort(request.Get("Host")));
  if (std::ranges::find(hosts_, host) != hosts_.end()) return;
  throw Refusal(403, "host_not_allowed",
                fmt::format("the request is for host \"{}\", which this server does not go by; allow it with "
                            "--allowed-host",
                            host));
}

// A page of any site can send simple requests to a server on this machine without asking first. Where no key keeps it
// out, its origin has to.
void Gate::CheckOrigin(const HttpRequest& request) const {
  if (!keys_.empty() || request.method == "GET" || request.method == "HEAD") return;
  const std::string_view origin = request.Get("Origin");
  if (origin.empty() || IsListed(origin)) return;
  const std::string_view host = request.Get("Host");
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!host.empty() && EqualsIgnoringCase(origin, std::string(scheme).append(host))) return;
  }
  throw Refusal(
      403, "origin_not_allowed",
      fmt::format("the request comes from a page of {}, which may not use this server; allow it with --cors", origin));
}

bool Gate::IsListed(std::string_view origin) const {
  return std::ranges::find(options_.cors_origins, origin) != options_.cors_origins.end();
}

std::vector<Header> Gate::CorsHeaders(const HttpRequest& request) const {
  if (options_.cors_origins.empty()) return {};
  std::vector<Header> headers = {{"Vary", "Origin"}};
  if (const std::string_view origin = request.Get("Origin"); IsListed(origin)) {
    headers.push_back({"Access-Control-Allow-Origin", std::string(origin)});
    headers.push_back({"Access-Control-Expose-Headers", "X-Request-Id, Retry-After"});
  }
  return headers;
}

HttpResponse Gate::Preflight(const HttpRequest& request) const {
  HttpResponse response{.status = 204, .content_type = "", .body = "", .headers = {{"Allow", std::string(kMethods)}}};
  if (!IsListed(request.Get("Origin"))) return response;
  response.headers.push_back({"Access-Control-Allow-Methods", std::string(kMethods)});
  response.headers.push_back({"Access-Control-Max-Age", "600"});
  if (const std::string_view wanted = request.Get("Access-Control-Request-Headers"); !wanted.empty()) {
    response.headers.push_back({"Access-Control-Allow-Headers", std::string(wanted)});
  }
  return response;
}

}  // namespace sheepop::http
