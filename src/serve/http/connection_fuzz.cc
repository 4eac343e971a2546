#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "serve/http/connection_pool.h"

// The first byte of the input says how large the pieces are in which the rest arrives, and whether what is written goes
// out whole; after the last piece the client leaves. The handler answers at once, later, in pieces, or never.
namespace {

using namespace sheepop::http;

class MemoryStream final : public Stream {
 public:
  MemoryStream(std::shared_ptr<Loop> loop, std::string bytes, size_t piece, bool slow)
      : loop_(std::move(loop)), bytes_(std::move(bytes)), piece_(piece), slow_(slow) {}

  void Read(std::span<char> into, Done done) override {
    if (closed_) return loop_->Post([done = std::move(done)] { done(0); });
    const size_t size = std::min({piece_, into.size(), bytes_.size() - at_});
    bytes_.copy(into.data(), size, at_);
    at_ += size;
    loop_->Post([done = std::move(done), size] { done(size); });
  }
  void Write(std::span<const std::string_view> parts, Done done) override {
    size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    if (size == 0) __builtin_trap();
    if (closed_) size = 0;
    if (slow_ && size > 1) size = size / 2;
    loop_->Post([done = std::move(done), size] { done(size); });
  }
  void EndWriting() override {}
  bool PeerEnded() override { return at_ == bytes_.size(); }
  void Close() override { closed_ = true; }

 private:
  const std::shared_ptr<Loop> loop_;
  const std::string bytes_;
  const size_t piece_;
  const bool slow_;
  size_t at_ = 0;
  bool closed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  HttpOptions options;
  options.max_body = 1000;
  options.max_head = 2000;
  options.stream_buffer = 100;
  options.keys = {{"one", "key-0123456789abc"}};
  options.cors_origins = {"http://a"};
  options.is_open = [](std::string_view path) { return path.size() < 5; };
  options.refusal = [](unsigned status, std::string_view code, std::string_view message) {
    return HttpResponse{.status = status, .body = std::string(code).append(message)};
  };
  const Gate gate(options, true, "127.0.0.1");
  const auto loop = std::make_shared<Loop>();
  std::vector<std::shared_ptr<Exchange>> kept;
  const Handler handler = [&](std::shared_ptr<Exchange> exchange) {
    const HttpRequest& request = exchange->request();
    if (request.body.size() > options.max_body || request.id.empty()) __builtin_trap();
    switch (request.path.size() % 4) {
      case 0: return exchange->Respond({.body = request.path, .headers = request.headers});
      case 1:
        exchange->Begin({.overflow = "overflow"});
        exchange->Write(request.body);
        exchange->Write(request.query);
        if (request.query.empty()) kept.push_back(exchange);
        return exchange->End();
      case 2: kept.push_back(std::move(exchange)); return;
      default: return;
    }
  };
  ConnectionPool pool(options, gate, handler, loop);
  const size_t piece = data[0] < 128 ? 1 + data[0] % 16 : 100000;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  pool.Add(std::make_unique<MemoryStream>(loop, bytes, piece, data[0] % 2), "127.0.0.1:1");
  loop->RunReady();
  for (const auto& exchange : std::exchange(kept, {})) {
    if (exchange->request().path.size() % 4 == 2) exchange->Respond({.body = "late"});
  }
  loop->RunReady();
  pool.CloseAll();
  loop->Clear();
  return 0;
}
