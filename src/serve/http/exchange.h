// One request and the answer to it. What lies above this folder knows nothing of sockets.
//
// The request is whole before anybody sees it. An answer is either one response, or a stream: a head, pieces, an end.
// No call blocks: pieces wait in a buffer until the client has read them. That buffer is bounded: when a slow reader has
// let it fill up, the next piece finds no room: the stream's last words (StreamHead::overflow) are put behind it, later pieces are dropped, and
// the exchange is closed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop::http {

struct Header {
  std::string name;  // as it is sent; compared without regard to case
  std::string value;
};

struct HttpRequest {
  std::string id;      // the client's X-Request-Id where it is 1 to 128 printable characters, else made here; sent back
  std::string method;  // "GET"
  std::string path;    // percent-decoded, without the query; begins with "/"
  std::string query;   // as it came, without "?"
  std::vector<Header> headers;
  std::string body;
  std::string peer;      // "127.0.0.1:40312"
  std::string key_name;  // whose key it came with; empty where none is asked for

  // The first of that name, or empty.
  std::string_view Get(std::string_view header) const;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Header> headers = {};  // besides Content-Type, Content-Length, Date, X-Request-Id and those of CORS
};

struct StreamHead {
  std::string content_type = "text/event-stream";
  std::vector<Header> headers = {};
  std::string overflow;  // the stream's last piece when its reader has been too slow
};

// Calls may come from any thread, but for one exchange from one at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const HttpRequest& request() const = 0;

  // The whole answer; the last call. HEAD requests get it without its body.
  virtual void Respond(HttpResponse response) = 0;

  // A stream. Write and End follow; after the client has left they do nothing. One that is let go of before End has no
  // end for its client either.
  virtual void Begin(StreamHead head) = 0;
  virtual void Write(std::string piece) = 0;
  virtual void End() = 0;

  // `closed` is called on the network's thread when the client has left, or been too slow, before the answer was
  // whole; soon where that has happened already. At most once, and not after Respond or End; one that has begun on the
  // network's thread may still run beside them.
  virtual void OnClosed(std::function<void()> closed) = 0;
};

// Called on the network's thread for each request that may come in (its key, host and size are right); must not block.
// Exactly one answer is due, by then or later; an exchange that is let go of without one is answered with a 500.
using Handler = std::function<void(std::shared_ptr<Exchange>)>;

}  // namespace sheepop::http
