// The sockets on which connections come in. On the network's thread, after construction.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "serve/http/loop.h"

namespace sheepop::http {

class Listener {
 public:
  // Binds every address that `host` has, all to one port. Connections end where the other side has not acknowledged
  // bytes for `deaf_s`. Throws Error.
  Listener(Loop& loop, const std::string& host, uint16_t port, double deaf_s);
  ~Listener();

  uint16_t port() const { return port_; }
  bool loopback() const { return loopback_; }              // whether this machine alone can reach it
  const std::string& address() const { return address_; }  // the first, in numbers

  // `accepted` gets each connection, and who it is from ("127.0.0.1:40312"). `crowded` is told when the system has no
  // room for more.
  void Start(std::function<void(int fd, std::string peer)> accepted, std::function<void()> crowded);
  void Close();

 private:
  struct Socket;
  void Wait(std::shared_ptr<Socket> socket);
  void Accept(std::shared_ptr<Socket> socket);

  Loop& loop_;
  const int deaf_ms_;
  uint16_t port_;  // of each
  std::vector<std::shared_ptr<Socket>> sockets_;
  std::function<void(int, std::string)> accepted_;
  std::function<void()> crowded_;
  bool loopback_ = true;
  std::string address_;
};

}  // namespace sheepop::http
