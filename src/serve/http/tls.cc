#include "serve/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "serve/http/stream.h"

namespace sheepop::http {
namespace {

namespace ssl = boost::asio::ssl;

[[noreturn]] void Refuse(std::string_view what, const std::string& path, const std::string& reason) {
  ERR_clear_error();
  throw Error(ErrorCategory::kCorrupt, "{} {} cannot be used ({}); it must be a file of PEM blocks", what, path,
              reason);
}

void CheckExists(std::string_view what, const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return;
  throw Error(ErrorCategory::kNotFound, "{} {} is no file; give the path of a PEM file", what, path);
}

std::shared_ptr<ssl::context> ReadCertificate(const std::string& certificate, const std::string& key) {
  CheckExists("the certificate", certificate);
  CheckExists("the private key", key);
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  boost::system::error_code error;
  if (context->use_private_key_file(key, ssl::context::pem, error)) Refuse("the private key", key, error.message());
  if (context->use_certificate_chain_file(certificate, error)) Refuse("the certificate", certificate, error.message());
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    Refuse("the private key", key, "it is not that of the certificate " + certificate);
  }
  return context;
}

}  // namespace

TlsCertificate::TlsCertificate(std::string certificate, std::string key)
    : certificate_(std::move(certificate)), key_(std::move(key)), context_(ReadCertificate(certificate_, key_)) {}

void TlsCertificate::Reload() {
  auto context = ReadCertificate(certificate_, key_);
  const std::lock_guard lock(mutex_);
  context_ = std::move(context);
}

std::unique_ptr<Stream> TlsCertificate::MakeStream(Loop& loop, int fd) const {
  const std::lock_guard lock(mutex_);
  return MakeTlsStream(loop, fd, context_);
}

}  // namespace sheepop::http
