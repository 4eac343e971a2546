#include "serve/http/head_parser.h"

#include <fmt/core.h>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <utility>

#include "base/utf8.h"
#include "serve/http/refusal.h"
#include "serve/http/text.h"

namespace sheepop::http {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::empty_body>;

[[noreturn]] void RefuseBad(std::string_view what) {
  throw Refusal(400, "bad_request", fmt::format("the request is no HTTP: {}", what));
}

[[noreturn]] void RefuseLarge(size_t max_head) {
  throw Refusal(431, "headers_too_large",
                fmt::format("the request's first line and headers have over {} bytes; send fewer", max_head));
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// The path and the query of a target in origin or absolute form (RFC 9112, section 3.2); of the latter, its authority
// takes the place of Host.
void SetTarget(std::string_view target, HttpRequest& request) {
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    std::erase_if(request.headers, [](const Header& header) { return EqualsIgnoringCase(header.name, "Host"); });
    request.headers.push_back({"Host", std::string(target.substr(0, end))});
    target.remove_prefix(end);
    if (target.empty() || target.front() != '/') {
      request.path = "/";
      if (!target.empty()) request.query = target.substr(1);
      return;
    }
    break;
  }
  if (target.empty() || target.front() != '/') RefuseBad("its target must be a path that begins with /");
  if (target.find('#') != std::string_view::npos) RefuseBad("its target has a #, which is for the client alone");
  const size_t mark = target.find('?');
  request.path = PercentDecode(target.substr(0, mark));
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
}

void CheckFraming(const Parser& parser, Head& head) {
  size_t hosts = 0;
  for (const Header& header : head.request.headers) {
    hosts += EqualsIgnoringCase(header.name, "Host");
    if (!EqualsIgnoringCase(header.name, "Transfer-Encoding")) continue;
    if (head.version == 10) RefuseBad("HTTP/1.0 has no Transfer-Encoding");
    if (!EqualsIgnoringCase(header.value, "chunked")) {
      throw Refusal(501, "unsupported_transfer_encoding",
                    "the only Transfer-Encoding that is understood is chunked; send the body in it, or with a length");
    }
  }
  if (hosts > 1) RefuseBad("it has several Host headers");
  if (hosts == 0 && head.version == 11) RefuseBad("it has no Host header");
  head.chunked = parser.chunked();
  if (const auto length = parser.content_length()) head.content_length = *length;
}

void CheckExpectation(Head& head) {
  const std::string_view expect = head.request.Get("Expect");
  if (expect.empty()) return;
  if (!EqualsIgnoringCase(expect, "100-continue")) {
    throw Refusal(417, "expectation_failed", "the only Expect that can be met is 100-continue");
  }
  head.expects_continue = head.version == 11;
}

Head HeadOf(const Parser& parser) {
  const auto& message = parser.get();
  Head head;
  head.version = message.version();
  head.keep_alive = parser.keep_alive();
  head.request.method = View(message.method_string());
  for (const auto& field : message) {
    head.request.headers.push_back({std::string(View(field.name_string())), std::string(View(field.value()))});
  }
  if (head.request.method == "CONNECT" || head.request.method == "TRACE") {
    throw Refusal(405, "method_not_allowed", fmt::format("{} is not for this server", head.request.method),
                  {{"Allow", std::string(kMethods)}});
  }
  CheckFraming(parser, head);
  SetTarget(View(message.target()), head.request);
  CheckExpectation(head);
  return head;
}

}  // namespace

std::string PercentDecode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) RefuseBad("its path has a % without two hexadecimal digits behind it");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!IsValidUtf8(out) || out.find('\0') != std::string::npos) RefuseBad("its path is no UTF-8 text");
  return out;
}

struct HeadParser::Impl {
  explicit Impl(size_t max) : max_head(max) {
    parser.header_limit(static_cast<uint32_t>(std::min<size_t>(max, UINT32_MAX)));
    parser.skip(true);
  }

  const size_t max_head;
  size_t taken = 0;
  Parser parser;
};

HeadParser::HeadParser(size_t max_head) : impl_(std::make_unique<Impl>(max_head)) {}
HeadParser::~HeadParser() = default;

std::optional<Head> HeadParser::Feed(std::string_view bytes, size_t& consumed) {
  consumed = 0;
  if (impl_->taken == 0) {  // RFC 9112, section 2.2: empty lines before a request are passed over
    while (bytes.substr(consumed).starts_with("\r\n")) consumed += 2;
    bytes.remove_prefix(consumed);
    if (bytes.empty() || bytes == "\r") return {};
  }
  while (!bytes.empty() && !impl_->parser.is_header_done()) {
    beast::error_code error;
    const size_t used = impl_->parser.put({bytes.data(), bytes.size()}, error);
    bytes.remove_prefix(used);
    consumed += used;
    impl_->taken += used;
    if (error == beast::http::error::need_more) break;
    if (error == beast::http::error::header_limit) RefuseLarge(impl_->max_head);
    if (error == beast::http::error::bad_version) {
      throw Refusal(505, "http_version_not_supported", "the request is not in HTTP/1.0 or HTTP/1.1");
    }
    if (error) RefuseBad(error.message());
  }
  const bool whole = impl_->parser.is_header_done();
  if (impl_->taken + (whole ? 0 : bytes.size()) > impl_->max_head) RefuseLarge(impl_->max_head);
  if (!whole) return {};
  return HeadOf(impl_->parser);
}

}  // namespace sheepop::http
