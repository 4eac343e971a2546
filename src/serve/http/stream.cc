#include "serve/http/stream.h"

#include <utility>

#include "serve/http/tcp.h"

namespace sheepop::http {
namespace {

namespace asio = boost::asio;

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
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  bool PeerEnded() override { return http::PeerEnded(socket_.native_handle()); }

  void Close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Stream> MakePlainStream(Loop& loop, int fd) { return std::make_unique<PlainStream>(loop, fd); }

}  // namespace sheepop::http
