// TLS by OpenSSL, version 1.2 or later: the certificate of a server, and the streams that use it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "serve/http/stream.h"

namespace boost::asio::ssl {
class context;
}

namespace sheepop::http {

class TlsCertificate {
 public:
  // PEM files: the certificate with those that vouch for it, and its private key. Throws kNotFound, kInvalidArgument.
  TlsCertificate(std::string certificate, std::string key);

  // Reads the files again, for streams to come; throws, and keeps what it had, where that fails. Any thread.
  void Reload();

  // Takes `fd`, a TCP connection. On the network's thread.
  std::unique_ptr<Stream> MakeStream(Loop& loop, int fd) const;

 private:
  const std::string certificate_, key_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace sheepop::http
