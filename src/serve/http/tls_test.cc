#include "serve/http/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "serve/http/test_client.h"
#include "testing/temporary_folder.h"

namespace sheepop::http {
namespace {

// A certificate for `name` that vouches for itself, and its key, as PEM files.
void MakeCertificate(const std::string& name, const std::string& certificate, const std::string& key) {
  EVP_PKEY* pair = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -60);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, pair);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  X509_sign(x509, pair, EVP_sha256());
  FILE* file = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(file, x509);
  std::fclose(file);
  file = std::fopen(key.c_str(), "w");
  PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(x509);
  EVP_PKEY_free(pair);
}

class TlsClient : public Client {
 public:
  explicit TlsClient(uint16_t port)
      : Client(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_fd(ssl_, fd());
    EXPECT_EQ(SSL_connect(ssl_), 1);
  }
  TlsClient(TlsClient&&) = delete;
  ~TlsClient() override {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  bool Send(std::string_view text) override {
    return text.empty() || SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0;
  }
  // The name that the server's certificate is for.
  std::string Name() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
    X509_free(certificate);
    return name;
  }
  // Whether the server said that it had ended, rather than being cut.
  bool WasToldOfTheEnd() const { return SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN; }
  void SayTheEnd() { SSL_shutdown(ssl_); }

 protected:
  ssize_t ReceiveSome(char* into, size_t size, double seconds) override {
    pollfd poll{fd(), POLLIN, 0};
    if (seconds <= 0) return 0;
    if (SSL_pending(ssl_) == 0 && ::poll(&poll, 1, static_cast<int>(seconds * 1000) + 1) <= 0) return 0;
    return SSL_read(ssl_, into, static_cast<int>(size));
  }

 private:
  SSL_CTX* context_;
  SSL* ssl_;
};

class Tls : public HttpServer {
 protected:
  Tls() {
    options_.tls_cert = (folder_ / "cert.pem").string();
    options_.tls_key = (folder_ / "key.pem").string();
    MakeCertificate("first", options_.tls_cert, options_.tls_key);
  }
  std::string WhyNot(HttpOptions options) {
    try {
      Server(std::move(options), [](auto) {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Tls, CarriesRequests) {
  Start();
  TlsClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/echo")).body, "GET /echo? ");
  EXPECT_EQ(client.Ask(Post("/echo", std::string(3 << 20, 'x'))).body.size(), (3u << 20) + 12);
  client.Send(Get("/echo?1") + Get("/echo?2"));
  EXPECT_EQ(client.ReadReply().body, "GET /echo?1 ");
  EXPECT_EQ(client.ReadReply().body, "GET /echo?2 ");
}

TEST_F(Tls, CarriesStreamsThatOthersWriteWhileTheClientIsWatched) {
  Start();
  TlsClient client(server_->port());
  client.Send(Get("/stream"));
  const auto exchange = Held();
  for (int i = 0; i < 100; ++i) exchange->Write("data: 1\n\n");
  ASSERT_TRUE(client.ReceiveUntil("data: 1"));
  std::thread writer([&] {
    for (int i = 0; i < 100; ++i) exchange->Write("data: 2\n\n");
    exchange->End();
  });
  const Reply reply = client.ReadReply();
  writer.join();
  EXPECT_TRUE(reply.whole);
  EXPECT_EQ(reply.body.size(), 200 * 9u);
}

TEST_F(Tls, TellsWhenAClientLeaves) {
  Start();
  double quickest = 1;  // others may use the machine as well
  for (const bool politely : {false, true}) {
    TlsClient client(server_->port());
    client.Send(Get("/stream"));
    const auto exchange = Held();
    std::atomic<bool> closed = false;
    exchange->OnClosed([&] { closed = true; });
    const Stopwatch watch;
    politely ? client.SayTheEnd() : client.Close();
    EXPECT_TRUE(Soon([&] { return closed.load(); }));
    quickest = std::min(quickest, watch.seconds());
  }
  EXPECT_LT(quickest, 0.1);
}

TEST_F(Tls, SaysWhenNothingMoreComes) {
  Start();
  TlsClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/echo", "Connection: close\r\n")).status, 200u);
  EXPECT_TRUE(client.Ends());
  EXPECT_TRUE(client.WasToldOfTheEnd());
  client.SayTheEnd();
  EXPECT_TRUE(Soon([&] { return server_->connections() == 0; }, 1));
}

TEST_F(Tls, ReadsItsCertificateAgain) {
  Start();
  TlsClient before(server_->port());
  EXPECT_EQ(before.Name(), "first");
  MakeCertificate("second", options_.tls_cert, options_.tls_key);
  server_->ReloadTls();
  TlsClient after(server_->port());
  EXPECT_EQ(after.Name(), "second");
  EXPECT_EQ(before.Ask(Get("/echo")).status, 200u);

  testing::WriteFile(options_.tls_cert, "nothing");
  EXPECT_THROW(server_->ReloadTls(), Error);
  EXPECT_EQ(TlsClient(server_->port()).Name(), "second");
}

TEST_F(Tls, HasNoPatienceWithThoseWhoDoNotSpeakIt) {
  options_.head_timeout_s = 0.1;
  Start();
  Client plain = Connected(), silent = Connected();
  plain.Send(Get("/echo"));
  EXPECT_TRUE(plain.Ends());
  EXPECT_EQ(plain.received().find("HTTP"), std::string::npos);
  EXPECT_TRUE(silent.Ends());
  EXPECT_TRUE(Soon([&] { return server_->connections() == 0; }));
}

TEST_F(Tls, RefusesConnectionsInItsOwnTongue) {
  options_.max_connections = 1;
  Start();
  TlsClient first(server_->port());
  first.Send(Get("/hold"));
  const auto exchange = Held();
  TlsClient second(server_->port());
  EXPECT_EQ(second.ReadReply().status, 503u);
}

TEST_F(Tls, MakesRoomByClosingThoseWhoSayNothing) {
  options_.max_connections = 2;
  Start();
  Client silent = Connected(), also_silent = Connected();
  EXPECT_TRUE(Soon([&] { return server_->connections() == 2; }));
  TlsClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/echo")).status, 200u);
  EXPECT_TRUE(silent.Ends());
}

TEST_F(Tls, StopsWithConnectionsOpen) {
  Start();
  TlsClient idle(server_->port()), streaming(server_->port());
  Client silent = Connected();
  streaming.Send(Get("/stream"));
  const auto exchange = Held();
  exchange->Write("data: 1\n\n");
  server_->Stop();
  exchange->Write("data: 2\n\n");
}

TEST_F(Tls, WantsACertificateWithItsKey) {
  HttpOptions options = options_;
  options.tls_key = "";
  EXPECT_NE(WhyNot(options).find("--tls-key"), std::string::npos);
  options.tls_key = (folder_ / "nowhere.pem").string();
  EXPECT_NE(WhyNot(options).find("nowhere.pem is no file"), std::string::npos);
  options.tls_key = options.tls_cert;
  EXPECT_NE(WhyNot(options).find("cannot be used"), std::string::npos);
  options.tls_key = (folder_ / "other.pem").string();
  MakeCertificate("other", (folder_ / "unused.pem").string(), options.tls_key);
  EXPECT_NE(WhyNot(options).find("not that of the certificate"), std::string::npos);
  options = options_;
  testing::WriteFile(options.tls_cert, "nothing");
  EXPECT_NE(WhyNot(options).find("the certificate " + options.tls_cert), std::string::npos);
}

}  // namespace
}  // namespace sheepop::http
