// What both kinds of stream do with Asio's sockets. For .cc files that know Asio.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <span>
#include <string_view>

#include "serve/http/loop.h"

namespace sheepop::http {

inline boost::asio::ip::tcp::socket TcpSocket(Loop& loop, int fd) {
  namespace ip = boost::asio::ip;
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return {loop.io(), address.ss_family == AF_INET6 ? ip::tcp::v6() : ip::tcp::v4(), fd};
}

inline bool PeerEnded(int fd) {
  pollfd poll{fd, POLLRDHUP, 0};
  return ::poll(&poll, 1, 0) > 0;
}

inline constexpr size_t kMostParts = 3;

inline std::array<boost::asio::const_buffer, kMostParts> Buffers(std::span<const std::string_view> parts) {
  std::array<boost::asio::const_buffer, kMostParts> buffers;
  for (size_t i = 0; i < std::min(parts.size(), kMostParts); ++i) buffers[i] = {parts[i].data(), parts[i].size()};
  return buffers;
}

}  // namespace sheepop::http
