// The answer to one request on its way from whoever gives it, on any thread, to the connection, on the network's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "serve/http/exchange.h"
#include "serve/http/kept_bytes.h"
#include "serve/http/loop.h"

namespace sheepop::http {

class PendingAnswer {
 public:
  // `arrived` runs on the network's thread when there is something to take. `buffer`: while so many bytes of a stream
  // wait, there is no room for a piece. `body`: of the request, which is kept as long as this is.
  PendingAnswer(HttpRequest request, KeptBytes body, size_t buffer, std::shared_ptr<Loop> loop,
                std::function<void()> arrived);

  const HttpRequest& request() const { return request_; }

  // As Exchange's, from any thread. Abandon: nothing more will be given.
  void Respond(HttpResponse response);
  void Begin(StreamHead head);
  void Write(std::string piece);
  void End();
  void OnClosed(std::function<void()> closed);
  void Abandon();

  // On the network's thread.
  struct Taken {
    std::optional<HttpResponse> response;  // all of the answer; else
    std::optional<StreamHead> head;        // what begins it,
    std::string pieces;                    // what follows,
    bool end = false;                      // and whether it is whole;
    bool overflow = false;                 // it was cut, because its reader was too slow
    bool abandoned = false;                // it will never be whole
  };
  Taken Take();
  void Sent(size_t bytes);  // of pieces that were taken
  // What OnClosed wanted called, where the reader has been too slow and nobody has been told yet.
  std::function<void()> TakeOverflow();
  // Nobody reads any more. What OnClosed wanted called, where the answer was not whole.
  std::function<void()> Close();

 private:
  // With mutex_ held.
  bool IsOver() const { return closed_ || ended_ || overflow_ || abandoned_; }  // what comes is dropped
  void Wake();

  const HttpRequest request_;
  const KeptBytes body_;
  const size_t buffer_;
  const std::shared_ptr<Loop> loop_;
  const std::function<void()> arrived_;

  std::mutex mutex_;
  bool closed_ = false;     // what comes is dropped
  bool begun_ = false;      // a response or a head was given
  bool ended_ = false;      // the answer was given to its end
  bool overflow_ = false;   // what comes is dropped, but what came will be sent
  bool abandoned_ = false;  // the answer will not be given to its end
  bool waking_ = false;     // `arrived_` will run
  std::optional<HttpResponse> response_;
  std::optional<StreamHead> head_;
  std::string overflow_piece_;
  std::string pieces_;  // given, and not taken
  size_t unsent_ = 0;   // bytes of pieces: given, and not sent
  std::function<void()> on_closed_;
};

// The handler's end of it.
std::shared_ptr<Exchange> MakeExchange(std::shared_ptr<PendingAnswer> answer);

}  // namespace sheepop::http
