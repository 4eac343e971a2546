// One connection: reads a request, lets it in or refuses it, sends the answer, reads the next. On the network's thread.
//
// Reading goes on while an answer is due, so that a client that leaves is noticed at once; what arrives early (pipelining)
// waits for its turn, up to a bound.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "serve/http/body_decoder.h"
#include "serve/http/head_parser.h"
#include "serve/http/pending_answer.h"
#include "serve/http/refusal.h"
#include "serve/http/stream.h"

namespace sheepop::http {

class ConnectionPool;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `pool` must outlive it.
  Connection(ConnectionPool& pool, std::unique_ptr<Stream> stream, std::string peer);

  void Start();
  void StartRefused();  // with nothing but a 503
  void Close();

  // Its place in the pool's list of those that wait for a request; the pool's business.
  std::optional<std::list<Connection*>::iterator> idle_place;

 private:
  static constexpr unsigned kClientLeft = 499;  // as nginx logs it
  enum class Stage { kHandshake, kIdle, kHead, kBody, kAnswer, kLinger, kClosed };
  struct Outgoing {
    std::string head, body, tail;
    size_t sent = 0;
    size_t size() const { return head.size() + body.size() + tail.size(); }
    size_t body_sent() const { return std::min(sent - std::min(sent, head.size()), body.size()); }
  };

  void Expect(double seconds, void (Connection::*late)());  // instead of what was expected before
  void Handshake(void (Connection::*next)());
  void RefuseConnection();
  void NextRequest();
  void Read();
  void OnRead(size_t bytes);
  void Advance();
  bool Step();
  bool ReadHead();
  bool ReadBody();
  void OnHead(Head head);
  void Deliver();
  void KeepBody(size_t bytes);
  void HeadIsLate();
  void BodyIsLate();

  void Refuse(const Refusal& refusal);
  void Answer(HttpResponse response);
  void Drain();
  void SendResponse(HttpResponse response);
  void SendPieces(PendingAnswer::Taken taken);
  std::string AnswerHead(unsigned status, std::vector<Header> fields, std::vector<Header> more);
  void Send();
  void OnSent(size_t bytes);
  void EndOfAnswer();
  void LetGo();
  void Linger();
  void Report(unsigned status);
  const HttpRequest& request() const { return answer_ ? answer_->request() : request_; }

  ConnectionPool& pool_;
  const std::unique_ptr<Stream> stream_;
  const std::string peer_;
  Timer timer_;  // of the stage
  Timer watch_;  // looks for the end of a client from which no more is read

  Stage stage_ = Stage::kHandshake;
  bool reading_ = false, writing_ = false;
  std::array<char, 16 << 10> space_;  // where bytes arrive
  std::string received_;              // and wait

  std::unique_ptr<HeadParser> parser_;
  std::unique_ptr<BodyDecoder> body_;
  HttpRequest request_;  // until it is delivered, as is
  KeptBytes kept_;       // its body
  Stopwatch since_first_byte_;
  unsigned version_ = 11;
  bool close_after_ = false;  // the answer

  std::shared_ptr<PendingAnswer> answer_;  // of the handler, or
  std::optional<HttpResponse> own_;        // of this side
  Outgoing outgoing_;
  bool chunked_ = false, body_wanted_ = true;
  bool whole_ = false;                 // all of the answer is sent or on its way
  unsigned status_ = 0;                // of the answer, once its head is on its way; for the log
  unsigned cut_status_ = kClientLeft;  // for the log, where the answer does not come to its end
  size_t answer_bytes_ = 0;
};

}  // namespace sheepop::http
