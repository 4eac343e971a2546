#include "serve/http/server.h"

#include <cassert>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "serve/http/connection_pool.h"
#include "serve/http/gate.h"
#include "serve/http/listener.h"
#include "serve/http/loop.h"
#include "serve/http/tls.h"

namespace sheepop::http {
namespace {

HttpOptions Checked(HttpOptions options) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    throw Error(ErrorCategory::kInvalidArgument,
                "TLS needs a certificate and its private key: give both --tls-cert and --tls-key, or neither");
  }
  if (!options.refusal) {
    options.refusal = [](unsigned status, std::string_view, std::string_view message) {
      return HttpResponse{.status = status, .content_type = "text/plain; charset=utf-8", .body = std::string(message)};
    };
  }
  return options;
}

}  // namespace

class Server::Impl {
 public:
  Impl(HttpOptions options, Handler handler)
      : options_(Checked(std::move(options))),
        handler_(std::move(handler)),
        tls_(options_.tls_cert.empty() ? nullptr
                                       : std::make_unique<TlsCertificate>(options_.tls_cert, options_.tls_key)),
        listener_(*loop_, options_.host, options_.port, options_.write_timeout_s),
        gate_(options_, listener_.loopback(), listener_.address()),
        pool_(options_, gate_, handler_, loop_) {}

  ~Impl() { Stop(); }

  void Start() {
    assert(!thread_.joinable());
    listener_.Start([this](int fd, std::string peer) { Accept(fd, std::move(peer)); },
                    [this] { pool_.CloseLongestIdle(); });
    thread_ = std::thread([this] { loop_->Run(); });
  }

  void Stop() {
    const std::lock_guard lock(stopping_);
    if (stopped_) return;
    stopped_ = true;
    const auto close = [this] {
      listener_.Close();
      pool_.CloseAll();
      loop_->Stop();
    };
    if (thread_.joinable()) {
      assert(thread_.get_id() != std::this_thread::get_id());
      loop_->Post(close);
      thread_.join();
    } else {
      close();
    }
    loop_->Clear();
  }

  void StopAccepting() {
    loop_->Post([this] {
      listener_.Close();
      pool_.Finish();
    });
  }

  void ReloadTls() {
    if (tls_) tls_->Reload();
  }

  Loop& loop() { return *loop_; }
  uint16_t port() const { return listener_.port(); }
  size_t connections() const { return pool_.size(); }
  size_t answering() const { return pool_.answering(); }

 private:
  void Accept(int fd, std::string peer) {
    pool_.Add(tls_ ? tls_->MakeStream(*loop_, fd) : MakePlainStream(*loop_, fd), std::move(peer));
  }

  const HttpOptions options_;
  const Handler handler_;
  const std::unique_ptr<TlsCertificate> tls_;
  const std::shared_ptr<Loop> loop_ = std::make_shared<Loop>();
  Listener listener_;
  const Gate gate_;
  ConnectionPool pool_;
  std::thread thread_;
  std::mutex stopping_;
  bool stopped_ = false;
};

Server::Server(HttpOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}
Server::~Server() = default;

void Server::Start() { impl_->Start(); }
uint16_t Server::port() const { return impl_->port(); }
size_t Server::connections() const { return impl_->connections(); }
size_t Server::answering() const { return impl_->answering(); }
void Server::Post(std::function<void()> work) { impl_->loop().Post(std::move(work)); }
void Server::After(double seconds, std::function<void()> work) { impl_->loop().After(seconds, std::move(work)); }
void Server::ReloadTls() { impl_->ReloadTls(); }
void Server::StopAccepting() { impl_->StopAccepting(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace sheepop::http
