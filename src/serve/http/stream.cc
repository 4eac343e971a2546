#include "serve/http/stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cassert>
#include <utility>

namespace sheepop::http {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

asio::ip::tcp::socket TcpSocket(Loop& loop, int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return {loop.io(), address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd};
}

bool HasEnded(int fd) {
  pollfd poll{fd, POLLRDHUP, 0};
  return ::poll(&poll, 1, 0) > 0;
}

std::array<asio::const_buffer, Stream::kMostParts> Buffers(std::span<const std::string_view> parts) {
  assert(parts.size() <= Stream::kMostParts);
  std::array<asio::const_buffer, Stream::kMostParts> buffers;
  for (size_t i = 0; i < parts.size(); ++i) buffers[i] = {parts[i].data(), parts[i].size()};
  return buffers;
}

class PlainStream final : public Stream {
 public:
  PlainStream(Loop& loop, int fd) : socket_(TcpSocket(loop, fd)) {}

  void Read(std::span<char> into, Done done) override {
    socket_.async_read_some(asio::buffer(into.data(), into.size()),
                            [done = std::move(done)](const boost::system::error_code&, size_t bytes) { done(bytes); });
  }

  void Write(std::span<const std::string_view> parts, Done done) override {
    socket_.async_write_some(Buffers(parts),
                             [done = std::move(done)](const boost::system::error_code&, size_t bytes) { done(bytes); });
  }

  void EndWriting() override {
    boost::system::error_code ignored;
    static_cast<void>(socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored));
  }

  bool PeerEnded() override { return HasEnded(socket_.native_handle()); }

  void Close() override {
    boost::system::error_code ignored;
    static_cast<void>(socket_.close(ignored));
  }

 private:
  asio::ip::tcp::socket socket_;
};

// Asio's stream must outlive what is under way on it, so each handler holds it.
struct Secured {
  std::shared_ptr<ssl::context> context;
  ssl::stream<asio::ip::tcp::socket> stream;
};

auto HandlerOf(const std::shared_ptr<Secured>& secured, Stream::Done done) {
  return [secured, done = std::move(done)](const boost::system::error_code&, size_t bytes) { done(bytes); };
}

class TlsStream final : public Stream {
 public:
  TlsStream(Loop& loop, int fd, std::shared_ptr<ssl::context> context)
      : secured_(new Secured{context, {TcpSocket(loop, fd), *context}}) {}

  void Handshake(std::function<void(bool)> done) override {
    secured_->stream.async_handshake(
        ssl::stream_base::server,
        [secured = secured_, done = std::move(done)](const boost::system::error_code& error) { done(!error); });
  }

  void Read(std::span<char> into, Done done) override {
    secured_->stream.async_read_some(asio::buffer(into.data(), into.size()), HandlerOf(secured_, std::move(done)));
  }

  void Write(std::span<const std::string_view> parts, Done done) override {
    secured_->stream.async_write_some(Buffers(parts), HandlerOf(secured_, std::move(done)));
  }

  void EndWriting() override {
    secured_->stream.async_shutdown([secured = secured_](const boost::system::error_code&) {});
  }

  bool PeerEnded() override { return HasEnded(secured_->stream.lowest_layer().native_handle()); }

  void Close() override {
    boost::system::error_code ignored;
    static_cast<void>(secured_->stream.lowest_layer().close(ignored));
  }

 private:
  const std::shared_ptr<Secured> secured_;
};

}  // namespace

std::unique_ptr<Stream> MakePlainStream(Loop& loop, int fd) { return std::make_unique<PlainStream>(loop, fd); }

std::unique_ptr<Stream> MakeTlsStream(Loop& loop, int fd, std::shared_ptr<ssl::context> context) {
  return std::make_unique<TlsStream>(loop, fd, std::move(context));
}

}  // namespace sheepop::http
