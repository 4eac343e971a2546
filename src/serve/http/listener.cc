#include "serve/http/listener.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace sheepop::http {
namespace {

constexpr int kMostAtOnce = 64;         // accepted before others have their turn
constexpr double kPauseSeconds = 0.1;   // where the system has no room
constexpr int kSendBuffer = 256 << 10;  // bytes in the system for a slow reader; ours is bounded as well

using Addresses = std::unique_ptr<addrinfo, decltype([](addrinfo* list) { ::freeaddrinfo(list); })>;

Addresses Resolve(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (problem != 0 || list == nullptr) {
    throw Error(ErrorCategory::kIo,
                "{} is no address and no name of one ({}); give one of this machine's with --host, such as 127.0.0.1",
                host, ::gai_strerror(problem));
  }
  return Addresses(list);
}

std::string NumbersOf(const sockaddr* address, socklen_t size) {
  char text[NI_MAXHOST] = "";
  ::getnameinfo(address, size, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
  const std::string_view numbers = text;
  constexpr std::string_view kMapped = "::ffff:";  // IPv4 on a socket for both
  return std::string(numbers.starts_with(kMapped) ? numbers.substr(kMapped.size()) : numbers);
}

uint16_t& PortOf(sockaddr* address) {
  return address->sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(address)->sin6_port
                                        : reinterpret_cast<sockaddr_in*>(address)->sin_port;
}

bool IsLoopback(const sockaddr* address) {
  if (address->sa_family == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
  }
  return (ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24) == 127;
}

bool IsUnspecified(const sockaddr* address) {
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

void Set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof(value)); }

[[noreturn]] void RefuseAddress(const std::string& address, uint16_t port, int problem) {
  switch (problem) {
    case EADDRINUSE:
      throw Error(ErrorCategory::kIo, "port {} of {} is in use; choose another with --port", port, address);
    case EACCES:
      throw Error(ErrorCategory::kIo,
                  "port {} of {} is for the system's own services ({}); choose one above 1023 with --port", port,
                  address, std::strerror(problem));
    case EADDRNOTAVAIL:
      throw Error(ErrorCategory::kIo, "{} is no address of this machine (port {}: {}); choose another with --host",
                  address, port, std::strerror(problem));
    default:
      throw Error(ErrorCategory::kIo, "cannot listen on port {} of {}: {}", port, address, std::strerror(problem));
  }
}

// A socket that listens, or -1 with errno.
int Listen(const addrinfo& info) {
  const int fd = ::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  Set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (info.ai_family == AF_INET6) Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !IsUnspecified(info.ai_addr));
  Set(fd, SOL_SOCKET, SO_SNDBUF, kSendBuffer);  // connections inherit it
  if (::bind(fd, info.ai_addr, info.ai_addrlen) == 0 && ::listen(fd, SOMAXCONN) == 0) return fd;
  const int problem = errno;
  ::close(fd);
  errno = problem;
  return -1;
}

uint16_t BoundPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(PortOf(reinterpret_cast<sockaddr*>(&address)));
}

// A client whose machine is gone says nothing; the system asks it now and then.
void Prepare(int fd, int deaf_ms) {
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  Set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, deaf_ms);
}

std::string PeerOf(const sockaddr_storage& storage, socklen_t size) {
  sockaddr_storage copy = storage;
  auto* address = reinterpret_cast<sockaddr*>(&copy);
  const std::string numbers = NumbersOf(address, size);
  const uint16_t port = ntohs(PortOf(address));
  return numbers.find(':') == std::string::npos ? fmt::format("{}:{}", numbers, port)
                                                : fmt::format("[{}]:{}", numbers, port);
}

}  // namespace

struct Listener::Socket {
  boost::asio::posix::stream_descriptor descriptor;
};

Listener::Listener(Loop& loop, const std::string& host, uint16_t port, double deaf_s)
    : loop_(loop), deaf_ms_(static_cast<int>(std::clamp(deaf_s * 1000, 1000.0, 1e9))), port_(port) {
  const Addresses addresses = Resolve(host, port);
  int problem = EADDRNOTAVAIL;
  for (addrinfo* info = addresses.get(); info; info = info->ai_next) {
    const std::string numbers = NumbersOf(info->ai_addr, info->ai_addrlen);
    PortOf(info->ai_addr) = htons(port_);
    const int fd = Listen(*info);
    if (fd < 0) {
      problem = errno;
      // A name may have an address of a family that this machine does not use; one that is in use is another's.
      if (problem == EADDRINUSE) RefuseAddress(numbers, port_, problem);
      continue;
    }
    sockets_.push_back(std::make_shared<Socket>(Socket{{loop.io(), fd}}));
    if (port_ == 0) port_ = BoundPort(fd);
    if (address_.empty()) address_ = numbers;
    loopback_ = loopback_ && IsLoopback(info->ai_addr);
  }
  if (sockets_.empty()) RefuseAddress(host, port_, problem);
}

Listener::~Listener() = default;

void Listener::Start(std::function<void(int, std::string)> accepted, std::function<void()> crowded) {
  accepted_ = std::move(accepted);
  crowded_ = std::move(crowded);
  for (const auto& socket : sockets_) Wait(socket);
}

void Listener::Wait(std::shared_ptr<Socket> socket) {
  auto& descriptor = socket->descriptor;
  descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this, socket = std::move(socket)](const boost::system::error_code&) { Accept(socket); });
}

void Listener::Accept(std::shared_ptr<Socket> socket) {
  for (int i = 0; i < kMostAtOnce; ++i) {
    if (!socket->descriptor.is_open()) return;
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    const int fd = ::accept4(socket->descriptor.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Prepare(fd, deaf_ms_);
      accepted_(fd, PeerOf(address, size));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    // The connection waits in the system's queue, and would wake this thread again at once.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      crowded_();
      loop_.After(kPauseSeconds, [this, socket] { Accept(socket); });
      return;
    }
    // Of other errors one connection died before it was taken.
  }
  Wait(std::move(socket));
}

void Listener::Close() {
  for (const auto& socket : sockets_) {
    boost::system::error_code ignored;
    static_cast<void>(socket->descriptor.close(ignored));
  }
  sockets_.clear();
}

}  // namespace sheepop::http
