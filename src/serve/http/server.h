// An HTTP/1.1 server on one thread (RFC 9112; Boost.Beast, TLS by OpenSSL): listens, checks what may be checked without
// knowing what is served, and hands whole requests to a handler.
//
// Refused here, with the body that HttpOptions::refusal makes of it: bad framing and bad HTTP (400), a key that is
// missing or wrong (401, with WWW-Authenticate), a Host that is not ours on a loopback address (403; DNS rebinding),
// without keys a page of another origin that wants more than GET or HEAD (403), CONNECT and TRACE (405), a body that is
// too large (413, before it is read), headers that are (431), too many connections or bodies (503). OPTIONS is answered here
// (preflight of CORS). Time: a head must be there within head_timeout_s of a connection's first byte, a body within
// body_timeout_s more, an idle connection is closed after idle_timeout_s, a reader that takes nothing for
// write_timeout_s is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http/exchange.h"

namespace sheepop::http {

// What a client must show to be let in.
struct ApiKey {
  std::string name;  // for logs; a key is never logged
  std::string key;
};

// One a line: "NAME KEY", or a KEY alone, which is named "key1", "key2", ... by its line; empty lines and those that
// begin with '#' count for nothing. Throws kInvalidArgument, naming file and line, never the key, for a file without
// keys, a key under 16 characters, two that are equal, and a file that others than its owner may read; what
// ReadTextFile throws.
std::vector<ApiKey> ReadApiKeys(const std::string& path);

struct HttpOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                         // 0: any that is free
  std::vector<ApiKey> keys = {};                // empty: everybody may come in
  std::vector<std::string> allowed_hosts = {};  // that Host may name besides; without port
  std::vector<std::string> cors_origins = {};   // exact, such as http://localhost:3000; no others may read answers
  std::string tls_cert, tls_key;                // PEM files; both or neither
  size_t max_body = 32u << 20;                  // bytes
  size_t max_bodies = 256u << 20;               // bytes of all bodies that are kept; at least max_body
  size_t max_head = 64u << 10;                  // bytes
  size_t max_connections = 2048;
  size_t stream_buffer = 2u << 20;  // bytes of a stream that wait for its reader when there is no room for more
  double head_timeout_s = 10, body_timeout_s = 60, idle_timeout_s = 75, write_timeout_s = 30;

  // Paths that need no key ("/health", the page).
  std::function<bool(std::string_view path)> is_open = [](std::string_view) { return false; };
  // The body of a refusal: `code` and `message` say what was wrong. By default the message as plain text.
  std::function<HttpResponse(unsigned status, std::string_view code, std::string_view message)> refusal;
  // Told on the network's thread after each answer; for the log. `status` is 499 where the client left, or was too slow,
  // before the answer was whole; `bytes` are those of the body that were sent; `seconds` began with the first byte of
  // the request. Of a refusal before the head was whole, the request has no method and no path. Must not throw.
  std::function<void(const HttpRequest& request, unsigned status, size_t bytes, double seconds)> answered;
};

class Server {
 public:
  // Binds and listens. Throws kIo, naming address, port and the system's reason; kInvalidArgument for options that
  // contradict each other and for certificates that cannot be used.
  Server(HttpOptions options, Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // as Stop

  void Start();  // the thread; once
  uint16_t port() const;
  size_t connections() const;
  size_t answering() const;  // requests that the handler got, whose answer has not been sent to its end

  // Any thread. `work` runs on the network's thread, soon or after `seconds`, and must not throw; dropped after Stop.
  void Post(std::function<void()> work);
  void After(double seconds, std::function<void()> work);

  // Reads the certificate and its key again, for connections to come. Throws, and keeps the old ones, where that fails.
  void ReloadTls();

  // No new connections; those that are there are closed after the answer they are getting. Any thread.
  void StopAccepting();
  // Closes every connection, and ends the thread. Not from the network's thread.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheepop::http
