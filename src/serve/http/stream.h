// A connection's bytes, in both directions. On the network's thread. No call blocks, and none calls back before it has
// returned; one Read and one Write may be under way at once.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "serve/http/loop.h"

namespace boost::asio::ssl {
class context;
}

namespace sheepop::http {

class Stream {
 public:
  static constexpr size_t kMostParts = 3;

  // `bytes` is 0 only where the other side has ended, or the connection is broken or closed.
  using Done = std::function<void(size_t bytes)>;

  virtual ~Stream() = default;

  // Before all else; a stream that needs none may call back at once.
  virtual void Handshake(std::function<void(bool ok)> done) { done(true); }
  // Some bytes. `into` is not empty, and stays until `done`.
  virtual void Read(std::span<char> into, Done done) = 0;
  // Some of the bytes of `parts`, at most kMostParts, which are not all empty and stay until `done`.
  virtual void Write(std::span<const std::string_view> parts, Done done) = 0;
  // Tells the other side that nothing more comes.
  virtual void EndWriting() = 0;
  // Whether the other side has ended, though bytes that it sent before may not have been read.
  virtual bool PeerEnded() = 0;
  virtual void Close() = 0;
};

// Each takes `fd`, a TCP connection that does not block.
std::unique_ptr<Stream> MakePlainStream(Loop& loop, int fd);
std::unique_ptr<Stream> MakeTlsStream(Loop& loop, int fd, std::shared_ptr<boost::asio::ssl::context> context);

}  // namespace sheepop::http
