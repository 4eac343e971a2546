#include "serve/http/connection.h"

#include <fmt/core.h>
#include <openssl/rand.h>

#include <algorithm>
#include <new>
#include <utility>

#include "serve/http/connection_pool.h"
#include "serve/http/text.h"

namespace sheepop::http {
namespace {

constexpr size_t kMostEarly = size_t{64} << 10;  // bytes of later requests that wait while an answer is due
constexpr double kWatchSeconds = 0.05;
// A client that still sends when it is refused must be read from, or it would see a broken connection before the answer.
constexpr double kLingerSeconds = 2;

std::string MakeId() {
  std::array<unsigned char, 12> random;
  if (::RAND_bytes(random.data(), random.size()) != 1) return "unknown";
  std::string id;
  for (const unsigned char byte : random) id += fmt::format("{:02x}", byte);
  return id;
}

bool IsUsableId(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Connection::Connection(ConnectionPool& pool, std::unique_ptr<Stream> stream, std::string peer)
    : pool_(pool), stream_(std::move(stream)), peer_(std::move(peer)), timer_(*pool.loop()), watch_(*pool.loop()) {}

void Connection::Expect(double seconds, void (Connection::*late)()) {
  timer_.Set(seconds, [weak = weak_from_this(), late] {
    if (const auto self = weak.lock()) ((*self).*late)();
  });
}

void Connection::Start() {
  pool_.IsIdle(*this);
  Handshake(&Connection::NextRequest);
}

void Connection::StartRefused() { Handshake(&Connection::RefuseConnection); }

void Connection::Handshake(void (Connection::*next)()) {
  Expect(pool_.options().head_timeout_s, &Connection::Close);
  stream_->Handshake([self = shared_from_this(), next](bool ok) {
    if (self->stage_ == Stage::kClosed) return;
    ok ? ((*self).*next)() : self->Close();
  });
}

void Connection::RefuseConnection() {
  close_after_ = true;
  Refuse(Refusal(
      503, "too_many_connections",
      fmt::format("{} connections are open, which is the bound; try again later", pool_.options().max_connections),
      {{"Retry-After", "1"}}));
  Read();
}

void Connection::NextRequest() {
  if (pool_.finishing()) return Close();
  stage_ = Stage::kIdle;
  parser_ = std::make_unique<HeadParser>(pool_.options().max_head);
  body_.reset();
  request_ = {};
  close_after_ = chunked_ = whole_ = false;
  body_wanted_ = true;
  answer_bytes_ = 0;
  pool_.IsIdle(*this);
  Expect(pool_.options().idle_timeout_s, &Connection::Close);
  Advance();
  Read();
}

void Connection::Read() {
  if (reading_ || stage_ == Stage::kClosed) return;
  if (stage_ == Stage::kAnswer && received_.size() >= kMostEarly) {
    watch_.Set(kWatchSeconds, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || self->stage_ == Stage::kClosed) return;
      self->stage_ == Stage::kAnswer && self->stream_->PeerEnded() ? self->Close() : self->Read();
    });
    return;
  }
  reading_ = true;
  stream_->Read(space_, [self = shared_from_this()](size_t bytes) { self->OnRead(bytes); });
}

void Connection::OnRead(size_t bytes) {
  reading_ = false;
  if (stage_ == Stage::kClosed) return;
  if (bytes == 0) return Close();
  if (stage_ != Stage::kLinger) {
    received_.append(space_.data(), bytes);
    Advance();
  }
  Read();
}

void Connection::Advance() {
  try {
    while (Step()) {
    }
  } catch (const Refusal& refusal) {
    Refuse(refusal);
  } catch (const std::bad_alloc&) {
    Refuse(
        Refusal(503, "out_of_memory", "there is no memory for this request; try again later", {{"Retry-After", "1"}}));
  }
}

// Whether what has been received may hold more that can be done.
bool Connection::Step() {
  if (received_.empty()) return false;
  switch (stage_) {
    case Stage::kIdle:
      stage_ = Stage::kHead;
      pool_.IsBusy(*this);
      since_first_byte_.Restart();
      Expect(pool_.options().head_timeout_s, &Connection::HeadIsLate);
      return true;
    case Stage::kHead: return ReadHead();
    case Stage::kBody: return ReadBody();
    default: return false;
  }
}

bool Connection::ReadHead() {
  size_t consumed = 0;
  auto head = parser_->Feed(received_, consumed);
  received_.erase(0, consumed);
  if (!head) return false;
  OnHead(*std::move(head));
  return true;
}

void Connection::OnHead(Head head) {
  version_ = head.version;
  request_ = std::move(head.request);
  const std::string_view id = request_.Get("X-Request-Id");
  request_.id = IsUsableId(id) ? std::string(id) : MakeId();
  request_.peer = peer_;
  body_wanted_ = request_.method != "HEAD";
  close_after_ = !head.keep_alive || pool_.finishing();

  const bool closes = std::exchange(close_after_, close_after_ || head.has_body());  // a body that is not read
  pool_.gate().Check(request_);
  if (request_.method == "OPTIONS") return Answer(pool_.gate().Preflight(request_));
  if (!head.has_body()) {
    close_after_ = closes;
    return Deliver();
  }
  kept_ = KeptBytes(pool_.bodies());
  body_ = std::make_unique<BodyDecoder>(head.chunked ? std::nullopt : head.content_length, pool_.options().max_body);
  stage_ = Stage::kBody;
  Expect(pool_.options().body_timeout_s, &Connection::BodyIsLate);
  close_after_ = closes;
  if (head.expects_continue && received_.empty()) {
    outgoing_ = {"HTTP/1.1 100 Continue\r\n\r\n", {}, {}};
    Send();
  }
}

bool Connection::ReadBody() {
  const size_t before = request_.body.size();
  const size_t consumed = body_->Feed(received_, request_.body);
  received_.erase(0, consumed);
  KeepBody(request_.body.size() - before);
  if (body_->whole()) Deliver();
  return false;
}

void Connection::KeepBody(size_t bytes) {
  if (kept_.Add(bytes) <= std::max(pool_.options().max_bodies, pool_.options().max_body)) return;
  throw Refusal(503, "too_many_bodies",
                fmt::format("the bodies of all requests have over {} bytes, which is the bound; try again later",
                            pool_.options().max_bodies),
                {{"Retry-After", "1"}});
}

void Connection::HeadIsLate() {
  Refuse(Refusal(408, "request_timeout",
                 fmt::format("the request's headers took over {} s", pool_.options().head_timeout_s)));
}

void Connection::BodyIsLate() {
  Refuse(Refusal(408, "request_timeout",
                 fmt::format("the request's body took over {} s", pool_.options().body_timeout_s)));
}

void Connection::Deliver() {
  stage_ = Stage::kAnswer;
  timer_.Cancel();
  answer_ = std::make_shared<PendingAnswer>(std::move(request_), std::move(kept_), pool_.options().stream_buffer,
                                            pool_.loop(), [weak = weak_from_this()] {
                                              if (const auto self = weak.lock()) self->Drain();
                                            });
  pool_.Answers();
  try {
    pool_.handler()(MakeExchange(answer_));
  } catch (...) {
    answer_->Abandon();
  }
}

void Connection::Refuse(const Refusal& refusal) {
  // Within a request, nobody knows where the next one would begin.
  if (stage_ == Stage::kHead || stage_ == Stage::kBody) {
    const bool head_is_known = !request_.id.empty();
    if (!head_is_known || stage_ == Stage::kBody) close_after_ = true;
  }
  HttpResponse response = pool_.options().refusal(refusal.status(), refusal.code(), refusal.what());
  response.status = refusal.status();
  response.headers.insert(response.headers.end(), refusal.headers().begin(), refusal.headers().end());
  Answer(std::move(response));
}

void Connection::Answer(HttpResponse response) {
  stage_ = Stage::kAnswer;
  pool_.IsBusy(*this);
  timer_.Cancel();
  own_ = std::move(response);
  Drain();
}

void Connection::Drain() {
  if (stage_ != Stage::kAnswer) return;
  if (answer_) {
    if (const auto closed = answer_->TakeOverflow()) closed();
  }
  if (writing_ || whole_) return;
  if (own_) {
    HttpResponse response = *std::move(own_);
    own_.reset();
    return SendResponse(std::move(response));
  }
  if (!answer_) return;
  PendingAnswer::Taken taken = answer_->Take();
  if (taken.response) return SendResponse(*std::move(taken.response));
  if (taken.abandoned && (taken.head || status_ == 0)) {
    return SendResponse(pool_.options().refusal(500, "internal_error", "the request was given up without an answer"));
  }
  if (taken.abandoned) {
    cut_status_ = 500;
    return Close();  // so that the client sees a stream without its end
  }
  SendPieces(std::move(taken));
}

std::string Connection::AnswerHead(unsigned status, std::vector<Header> fields, std::vector<Header> more) {
  status_ = status;
  if (request().id.empty()) request_.id = MakeId();
  fields.push_back({"X-Request-Id", request().id});
  for (Header& header : pool_.gate().CorsHeaders(request())) fields.push_back(std::move(header));
  if (close_after_) fields.push_back({"Connection", "close"});
  if (!close_after_ && version_ == 10) fields.push_back({"Connection", "keep-alive"});
  for (Header& header : more) {
    std::erase_if(fields, [&](const Header& field) {
      return field.name != "Vary" && EqualsIgnoringCase(field.name, header.name);
    });
  }
  fields.insert(fields.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
  return HeadText(status, fields);
}

void Connection::SendResponse(HttpResponse response) {
  std::vector<Header> fields;
  const bool may_have_body = response.status != 204 && response.status != 304;
  if (may_have_body) {
    fields.push_back({"Content-Type", response.content_type});
    fields.push_back({"Content-Length", std::to_string(response.body.size())});
  }
  whole_ = true;
  outgoing_ = {AnswerHead(response.status, std::move(fields), std::move(response.headers)), {}, {}};
  if (may_have_body && body_wanted_) outgoing_.body = std::move(response.body);
  Send();
}

void Connection::SendPieces(PendingAnswer::Taken taken) {
  outgoing_ = {};
  if (taken.head) {
    chunked_ = version_ == 11 && body_wanted_;
    if (version_ == 10 || taken.overflow) close_after_ = true;
    std::vector<Header> fields = {
        {"Content-Type", taken.head->content_type}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    if (version_ == 11) fields.push_back({"Transfer-Encoding", "chunked"});
    outgoing_.head = AnswerHead(200, std::move(fields), std::move(taken.head->headers));
  }
  if (taken.overflow) {
    close_after_ = true;
    status_ = kClientLeft;
  }
  if (!body_wanted_) {
    answer_->Sent(taken.pieces.size());
    taken.pieces.clear();
  }
  if (chunked_ && !taken.pieces.empty()) {
    outgoing_.head += fmt::format("{:x}\r\n", taken.pieces.size());
    outgoing_.tail = "\r\n";
  }
  outgoing_.body = std::move(taken.pieces);
  whole_ = taken.end;
  if (chunked_ && whole_) outgoing_.tail += "0\r\n\r\n";
  if (outgoing_.size() > 0) return Send();
  if (whole_) EndOfAnswer();
}

void Connection::Send() {
  writing_ = true;
  std::array<std::string_view, Stream::kMostParts> parts;
  size_t count = 0, skip = outgoing_.sent;
  for (const std::string* part : {&outgoing_.head, &outgoing_.body, &outgoing_.tail}) {
    const size_t skipped = std::min(skip, part->size());
    skip -= skipped;
    if (skipped < part->size()) parts[count++] = std::string_view(*part).substr(skipped);
  }
  if (stage_ == Stage::kAnswer) Expect(pool_.options().write_timeout_s, &Connection::Close);
  stream_->Write(std::span(parts).first(count), [self = shared_from_this()](size_t bytes) { self->OnSent(bytes); });
}

void Connection::OnSent(size_t bytes) {
  writing_ = false;
  if (stage_ == Stage::kClosed) return;
  if (bytes == 0) return Close();
  const size_t before = outgoing_.body_sent();
  outgoing_.sent += bytes;
  const size_t of_body = outgoing_.body_sent() - before;
  answer_bytes_ += of_body;
  if (answer_) answer_->Sent(of_body);
  if (outgoing_.sent < outgoing_.size()) return Send();
  outgoing_ = {};
  if (stage_ != Stage::kAnswer) return;
  timer_.Cancel();
  whole_ ? EndOfAnswer() : Drain();
}

void Connection::EndOfAnswer() {
  Report(status_);
  LetGo();
  status_ = 0;
  if (received_.empty()) std::string().swap(received_);
  close_after_ || pool_.finishing() ? Linger() : NextRequest();
}

// Of the request.
void Connection::LetGo() {
  if (answer_) pool_.HasAnswered();
  answer_.reset();
  kept_ = {};
}

void Connection::Linger() {
  stage_ = Stage::kLinger;
  received_.clear();
  stream_->EndWriting();
  Expect(kLingerSeconds, &Connection::Close);
  Read();
}

void Connection::Close() {
  if (stage_ == Stage::kClosed) return;
  const auto self = shared_from_this();
  const bool answering = stage_ == Stage::kAnswer;
  stage_ = Stage::kClosed;
  timer_.Cancel();
  watch_.Cancel();
  stream_->Close();
  pool_.IsClosed(*this);
  const auto closed = answer_ ? answer_->Close() : nullptr;
  if (closed) closed();
  if (answering) Report(cut_status_);
  LetGo();
}

void Connection::Report(unsigned status) {
  if (pool_.options().answered) pool_.options().answered(request(), status, answer_bytes_, since_first_byte_.seconds());
}

}  // namespace sheepop::http
