#include "hub/http.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <exception>
#include <memory>
#include <utility>

namespace sheepop {
namespace {

constexpr long kMaxRedirects = 10;

struct Transfer {
  const HttpSink& sink;
  HttpHeaders headers;
  bool begun = false;
  std::exception_ptr thrown;  // by the sink; it must not pass through C
};

std::string_view Trim(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// "bytes 100-199/200", the total possibly "*".
void ReadContentRange(std::string_view value, HttpHeaders& headers) {
  const size_t space = value.find(' '), dash = value.find('-'), slash = value.find('/');
  if (space == std::string_view::npos || dash == std::string_view::npos || slash == std::string_view::npos) return;
  if (dash > space) headers.range_begin = Number(value.substr(space + 1, dash - space - 1));
  headers.length = Number(value.substr(slash + 1));
}

void ReadHeader(std::string_view line, HttpHeaders& headers) {
  if (line.starts_with("HTTP/")) {  // the next response of a chain of redirects
    std::string linked_etag = std::move(headers.linked_etag);
    headers = {};
    headers.linked_etag = std::move(linked_etag);
    const size_t space = line.find(' ');
    if (space != std::string_view::npos)
      headers.status = static_cast<long>(Number(line.substr(space + 1, 3)).value_or(0));
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view value = Trim(line.substr(colon + 1));
  if (name == "etag") headers.etag = value;
  if (name == "last-modified") headers.last_modified = value;
  if (name == "content-length" && headers.status != 206) headers.length = Number(value);
  if (name == "content-range") ReadContentRange(value, headers);
  if (name == "x-linked-etag") {
    headers.linked_etag = value.size() > 2 && value.front() == '"' ? value.substr(1, value.size() - 2) : value;
  }
}

bool Wanted(long status) { return (status >= 200 && status < 300) || status == 416; }

template <typename Call>
size_t Guarded(Transfer& transfer, size_t size, const Call& call) {
  try {
    call();
    return size;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return size ? 0 : 1;  // anything but `size` stops curl
  }
}

size_t OnHeader(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view line = Trim({data, size});
  if (!line.empty()) {
    ReadHeader(line, transfer.headers);
    return size;
  }
  if (!Wanted(transfer.headers.status) || transfer.begun) return size;
  transfer.begun = true;
  return Guarded(transfer, size, [&] { transfer.sink.on_begin(transfer.headers); });
}

size_t OnData(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const long status = transfer.headers.status;
  if (!Wanted(status) || status == 416) return size;  // the page that explains an error
  return Guarded(transfer, size, [&] { transfer.sink.on_data({data, size}); });
}

int OnProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& interrupted = static_cast<Transfer*>(context)->sink.interrupted;
  return interrupted && interrupted() ? 1 : 0;
}

void CheckStatus(const std::string& url, long status) {
  if (Wanted(status)) return;
  const std::string what = fmt::format("{} answered with status {}", url, status);
  switch (status) {
    case 404:
    case 410:
      throw Error(ErrorCategory::kNotFound,
                  "{}: there is no such file; check the address (sheepop pull --list shows the known names)", what);
    case 401:
    case 403:
      throw Error(
          ErrorCategory::kNetwork,
          "{}: it wants permission, or there is no such model; where terms must be accepted first, accept them in a "
          "browser and set HF_TOKEN",
          what);
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      throw TransientError(ErrorCategory::kNetwork, "{}: the server is busy or in trouble; try again later", what);
    default: throw Error(ErrorCategory::kNetwork, "{}; check the address", what);
  }
}

void CheckResult(const std::string& url, CURLcode code, const char* details) {
  const std::string reason = fmt::format("{}: {}", url, *details ? details : curl_easy_strerror(code));
  switch (code) {
    case CURLE_OK: return;
    case CURLE_ABORTED_BY_CALLBACK:
      throw Error(ErrorCategory::kInterrupted, "{}: stopped; the same command goes on from there", url);
    case CURLE_TOO_MANY_REDIRECTS:
      throw Error(ErrorCategory::kNetwork, "{}: more than {} redirects, the server sends in circles; check the address",
                  url, kMaxRedirects);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      throw Error(ErrorCategory::kNetwork,
                  "{}; addresses begin with https:// or http://, and https is never left for http", reason);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      throw Error(ErrorCategory::kNetwork, "{}; check the address and the network (a proxy is set with https_proxy)",
                  reason);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      throw TransientError(ErrorCategory::kNetwork, "{}; the same command goes on from where it was cut", reason);
    default: throw Error(ErrorCategory::kNetwork, "{}", reason);
  }
}

using Handle = std::unique_ptr<CURL, decltype([](CURL* curl) { curl_easy_cleanup(curl); })>;
using HeaderList = std::unique_ptr<curl_slist, decltype([](curl_slist* list) { curl_slist_free_all(list); })>;

HeaderList ListOf(const HttpRequest& request) {
  HeaderList list;
  for (const std::string& header : request.headers) list.reset(curl_slist_append(list.release(), header.c_str()));
  return list;
}

void SetOptions(CURL* curl, const HttpRequest& request, const curl_slist* headers, Transfer& transfer, char* details) {
  const char* protocols = request.url.starts_with("https:") ? "https" : "http,https";
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "sheepop");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, details);
  if (!request.bearer.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request.bearer.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnData);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

}  // namespace

HttpHeaders HttpGet(const HttpRequest& request, const HttpSink& sink) {
  const Handle curl(curl_easy_init());
  if (!curl) throw Error(ErrorCategory::kLimit, "cannot start a transfer: out of memory");
  Transfer transfer{sink, {}, false, nullptr};
  const HeaderList headers = ListOf(request);
  char details[CURL_ERROR_SIZE] = "";
  SetOptions(curl.get(), request, headers.get(), transfer, details);
  const CURLcode code = curl_easy_perform(curl.get());
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  CheckResult(request.url, code, details);
  CheckStatus(request.url, transfer.headers.status);
  return transfer.headers;
}

std::string HttpGetText(const HttpRequest& request, std::function<bool()> interrupted) {
  constexpr size_t kMaxBytes = size_t{64} << 20;
  std::string text;
  HttpGet(request, {[](const HttpHeaders&) {},
                    [&](std::string_view data) {
                      if (text.size() + data.size() > kMaxBytes) {
                        throw Error(ErrorCategory::kLimit, "{} is over {} bytes", request.url, kMaxBytes);
                      }
                      text += data;
                    },
                    std::move(interrupted)});
  return text;
}

std::string UrlEscape(std::string_view part) {
  std::string out;
  for (const char c : part) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string UrlFileName(const std::string& url) {
  const std::unique_ptr<CURLU, decltype([](CURLU* handle) { curl_url_cleanup(handle); })> parsed(curl_url());
  char* path = nullptr;
  std::string name;
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(parsed.get(), CURLUPART_PATH, &path, CURLU_URLDECODE) == CURLUE_OK) {
    name = path;
    curl_free(path);
    name.erase(0, name.rfind('/') + 1);
  }
  const bool control = std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (name.empty() || name.starts_with('.') || control) {
    throw Error(ErrorCategory::kInvalidArgument, "{} names no file; give its name with --as NAME", url);
  }
  return name;
}

}  // namespace sheepop
