// For tests: a client that says exactly what it is told to, and a server that answers by path.
#pragma once

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "serve/http/server.h"
#include "serve/http/text.h"

namespace sheepop::http {

// Whether it comes true soon.
inline bool Soon(const std::function<bool()>& what, double seconds = 5) {
  const Stopwatch watch;
  while (!what()) {
    if (watch.seconds() > seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

struct Reply {
  unsigned status = 0;  // 0: the connection ended first
  std::vector<Header> headers;
  std::string body;
  bool whole = false;  // the body came to its end

  std::string Get(std::string_view name) const {
    for (const Header& header : headers) {
      if (EqualsIgnoringCase(header.name, name)) return header.value;
    }
    return "";
  }
};

class Client {
 public:
  explicit Client(uint16_t port, int receive_buffer = 0, int family = AF_INET)
      : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    Connect(port, family);
  }
  Client() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}
  virtual ~Client() { Close(); }

  void Connect(uint16_t port, int family = AF_INET) {
    if (family == AF_INET6) {
      const sockaddr_in6 address{AF_INET6, htons(port), 0, in6addr_loopback, 0};
      EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    } else {
      const sockaddr_in address{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
      EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void Reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    Close();
  }
  int fd() const { return fd_; }

  virtual bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Some more bytes; false where the connection has ended, or nothing came in time.
  bool Receive(double seconds = 5) {
    char space[16384];
    const ssize_t size = ReceiveSome(space, sizeof(space), seconds);
    if (size <= 0) return false;
    received_.append(space, static_cast<size_t>(size));
    return true;
  }
  bool ReceiveUntil(std::string_view text, double seconds = 5) {
    const Stopwatch watch;
    while (received_.find(text) == std::string::npos) {
      if (!Receive(seconds - watch.seconds())) return false;
    }
    return true;
  }
  // Whether the other side ends the connection in time, whatever it says before.
  bool Ends(double seconds = 5) {
    const Stopwatch watch;
    while (Receive(seconds - watch.seconds())) {
    }
    return watch.seconds() < seconds;
  }
  std::string& received() { return received_; }

  Reply ReadReply(bool has_body = true) {
    Reply reply;
    if (!ReceiveUntil("\r\n\r\n")) return reply;
    const size_t end = received_.find("\r\n\r\n");
    const std::string head = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    reply.status = static_cast<unsigned>(std::atoi(head.c_str() + 9));
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
      const size_t line_end = head.find("\r\n", at);
      const std::string line = head.substr(at, line_end - at);
      reply.headers.push_back({line.substr(0, line.find(':')), line.substr(line.find(':') + 2)});
      at = line_end + 2;
    }
    if (!has_body || reply.status == 204 || reply.status == 304 || reply.status == 100) {
      reply.whole = true;
    } else if (reply.Get("Transfer-Encoding") == "chunked") {
      ReadChunks(reply);
    } else if (const std::string length = reply.Get("Content-Length"); !length.empty()) {
      const size_t size = std::strtoull(length.c_str(), nullptr, 10);
      while (received_.size() < size && Receive()) {
      }
      reply.whole = received_.size() >= size;
      reply.body = received_.substr(0, size);
      received_.erase(0, size);
    } else {
      reply.whole = Ends();
      reply.body = std::exchange(received_, {});
    }
    return reply;
  }

  Reply Ask(std::string_view request) {
    Send(request);
    return ReadReply(!request.starts_with("HEAD"));
  }

 protected:
  virtual ssize_t ReceiveSome(char* into, size_t size, double seconds) {
    pollfd poll{fd_, POLLIN, 0};
    if (seconds <= 0 || ::poll(&poll, 1, static_cast<int>(seconds * 1000) + 1) <= 0) return 0;
    return ::recv(fd_, into, size, 0);
  }

 private:
  void ReadChunks(Reply& reply) {
    for (;;) {
      while (received_.find("\r\n") == std::string::npos) {
        if (!Receive()) return;
      }
      const size_t line = received_.find("\r\n");
      const size_t size = std::strtoull(received_.c_str(), nullptr, 16);
      while (received_.size() < line + 2 + size + 2) {
        if (!Receive()) {
          reply.body += received_.substr(line + 2);
          return;
        }
      }
      reply.body += received_.substr(line + 2, size);
      received_.erase(0, line + 2 + size + 2);
      if (size == 0) break;
    }
    reply.whole = true;
  }

  int fd_;
  std::string received_;
};

inline std::string Get(std::string_view path, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers);
}
inline std::string Post(std::string_view path, std::string_view body, std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(),
                     headers, body);
}

// /hold keeps the exchange for the test, /stream begins a stream and keeps it, /throw keeps it and throws, /drop lets it
// go; all else says what was asked.
class HttpServer : public ::testing::Test {
 protected:
  struct Logged {
    std::string method, path, id, key;
    unsigned status;
    size_t bytes;
  };

  HttpServer() {
    options_.port = 0;
    options_.refusal = [](unsigned status, std::string_view code, std::string_view message) {
      return HttpResponse{.status = status, .body = fmt::format("{}: {}", code, message)};
    };
    options_.answered = [this](const HttpRequest& request, unsigned status, size_t bytes, double) {
      const std::lock_guard lock(mutex_);
      log_.push_back({request.method, request.path, request.id, request.key_name, status, bytes});
    };
  }

  void Start() {
    server_ = std::make_unique<Server>(options_, [this](std::shared_ptr<Exchange> exchange) { Handle(exchange); });
    server_->Start();
  }
  void TearDown() override {
    held_.clear();
    server_.reset();
  }
  Client Connected() { return Client(server_->port()); }
  Reply Ask(std::string_view request) { return Connected().Ask(request); }

  // What a handler kept, once it is there.
  std::shared_ptr<Exchange> Held() {
    std::shared_ptr<Exchange> exchange;
    EXPECT_TRUE(Soon([&] {
      const std::lock_guard lock(mutex_);
      if (!held_.empty()) exchange = std::exchange(held_.front(), held_.back());
      if (exchange) held_.pop_back();
      return exchange != nullptr;
    }));
    return exchange;
  }
  std::vector<Logged> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  virtual void Handle(std::shared_ptr<Exchange> exchange) {
    const HttpRequest& request = exchange->request();
    if (request.path == "/hold" || request.path == "/stream") {
      if (request.path == "/stream") exchange->Begin({.overflow = "data: too slow\n\n"});
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(exchange));
    } else if (request.path == "/drop") {
    } else if (request.path == "/throw") {
      {
        const std::lock_guard lock(mutex_);
        held_.push_back(std::move(exchange));
      }
      throw std::runtime_error("a fault");
    } else {
      exchange->Respond(
          {.body = fmt::format("{} {}?{} {}", request.method, request.path, request.query, request.body)});
    }
  }

  HttpOptions options_;
  std::unique_ptr<Server> server_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Exchange>> held_;
  std::vector<Logged> log_;
};

}  // namespace sheepop::http
