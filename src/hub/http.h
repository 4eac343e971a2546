// HTTP GET through libcurl: redirects followed, errors that say what to do. Proxies as the environment says
// (https_proxy).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheepop {

// The connection broke, or the server is in trouble: trying again may help.
class TransientError : public Error {
 public:
  using Error::Error;
};

struct HttpRequest {
  std::string url;                   // http or https; a redirect never leads from https to http
  std::vector<std::string> headers;  // "Name: value"
  std::string bearer;                // token for the URL's own host; other hosts, after a redirect, do not see it
};

struct HttpHeaders {
  long status = 0;                      // of the last response: 2xx or 416
  std::string etag, last_modified;      // as sent; empty when not
  std::optional<uint64_t> length;       // of the whole file, in bytes
  std::optional<uint64_t> range_begin;  // of a 206: where its body begins in the file
  std::string linked_etag;              // X-Linked-ETag of any response on the way, unquoted
};

struct HttpSink {
  std::function<void(const HttpHeaders&)> on_begin;  // once, before the body; may throw
  std::function<void(std::string_view)> on_data;     // the body, piece by piece; may throw
  std::function<bool()> interrupted;                 // asked several times a second; true ends the transfer
};

// Throws TransientError; kNotFound (404, 410), kNetwork (other statuses, no connection, more than 10 redirects, ...)
// with the URL, the reason and the way out; kInterrupted; and what the sink throws.
HttpHeaders HttpGet(const HttpRequest& request, const HttpSink& sink);

// The body as text; kLimit past 64 MiB.
std::string HttpGetText(const HttpRequest& request, std::function<bool()> interrupted);

// Percent-encoded, so that it can be one part of a path.
std::string UrlEscape(std::string_view part);

// The decoded last part of a URL's path, fit to name a file. Throws kInvalidArgument when there is none.
std::string UrlFileName(const std::string& url);

}  // namespace sheepop
