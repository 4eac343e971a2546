// Who may come in: keys, the names that Host may have, pages of other origins (Fetch standard, section 3.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/http/api_keys.h"
#include "serve/http/exchange.h"
#include "serve/http/server.h"

namespace sheepop::http {

class Gate {
 public:
  // `loopback`: only this machine can reach the server, bound to `address` ("127.0.0.1", "::1"). `options` must outlive it.
  Gate(const HttpOptions& options, bool loopback, std::string_view address);

  // Throws Refusal 401 or 403. Fills in whose key it is.
  void Check(HttpRequest& request) const;

  // The headers that let a page of a listed origin read the answer; none for others.
  std::vector<Header> CorsHeaders(const HttpRequest& request) const;
  // The answer to OPTIONS, without them.
  HttpResponse Preflight(const HttpRequest& request) const;

 private:
  void CheckHost(const HttpRequest& request) const;
  void CheckOrigin(const HttpRequest& request) const;
  bool IsListed(std::string_view origin) const;

  const HttpOptions& options_;
  const KeyRing keys_;
  std::vector<std::string> hosts_;  // in lower case; empty: any
};

}  // namespace sheepop::http
