// Answers that come in pieces, and clients that leave or are slow.
#include "serve/http/test_client.h"

namespace sheepop::http {
namespace {

class Streams : public HttpServer {};

TEST_F(Streams, ComePieceByPiece) {
  Start();
  Client client = Connected();
  client.Send(Get("/stream"));
  const auto exchange = Held();
  ASSERT_TRUE(client.ReceiveUntil("\r\n\r\n"));
  exchange->Write("data: 1\n\n");
  ASSERT_TRUE(client.ReceiveUntil("9\r\ndata: 1\n\n\r\n"));
  exchange->Write("");
  exchange->Write("data: 2\n\n");
  exchange->End();
  const Reply reply = client.ReadReply();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.Get("Content-Type"), "text/event-stream");
  EXPECT_EQ(reply.Get("Cache-Control"), "no-store");
  EXPECT_EQ(reply.Get("X-Accel-Buffering"), "no");
  EXPECT_EQ(reply.body, "data: 1\n\ndata: 2\n\n");
  EXPECT_TRUE(reply.whole);
  EXPECT_EQ(client.Ask(Get("/echo")).status, 200u);
}

TEST_F(Streams, InHttp10EndWithTheConnection) {
  Start();
  Client client = Connected();
  client.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto exchange = Held();
  exchange->Write("a");
  exchange->Write("b");
  exchange->End();
  const Reply reply = client.ReadReply();
  EXPECT_EQ(reply.Get("Transfer-Encoding"), "");
  EXPECT_EQ(reply.Get("Connection"), "close");
  EXPECT_EQ(reply.body, "ab");
}

TEST_F(Streams, OfAHeadHaveNoPieces) {
  Start();
  Client client = Connected();
  client.Send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto exchange = Held();
  exchange->Write(std::string(100, 'x'));
  exchange->End();
  EXPECT_EQ(client.ReadReply(false).status, 200u);
  EXPECT_EQ(client.Ask(Get("/echo")).body, "GET /echo? ");
}

TEST_F(Streams, ThatAreGivenUpHaveNoEnd) {
  Start();
  Client client = Connected();
  client.Send(Get("/stream"));
  auto exchange = Held();
  exchange->Write("data: 1\n\n");
  ASSERT_TRUE(client.ReceiveUntil("data: 1"));
  exchange.reset();
  const Reply reply = client.ReadReply();
  EXPECT_EQ(reply.body, "data: 1\n\n");
  EXPECT_FALSE(reply.whole);
}

TEST_F(Streams, AreWrittenFromManyThreads) {
  Start();
  constexpr size_t kStreams = 8, kPieces = 500;
  std::vector<Client> clients;
  std::vector<std::thread> writers;
  for (size_t i = 0; i < kStreams; ++i) {
    clients.push_back(Connected());
    clients.back().Send(Get("/stream"));
    writers.emplace_back([exchange = Held()] {
      for (size_t piece = 0; piece < kPieces; ++piece) exchange->Write(fmt::format("{} ", piece));
      exchange->End();
    });
  }
  std::string expected;
  for (size_t piece = 0; piece < kPieces; ++piece) expected += fmt::format("{} ", piece);
  for (Client& client : clients) {
    const Reply reply = client.ReadReply();
    EXPECT_EQ(reply.body, expected);
    EXPECT_TRUE(reply.whole);
  }
  for (std::thread& writer : writers) writer.join();
}

TEST_F(Streams, TellWhenTheirClientLeaves) {
  Start();
  for (const std::string path : {"/stream", "/hold"}) {
    double quickest = 1;  // others may use the machine as well
    for (const bool reset : {false, true}) {
      Client client = Connected();
      client.Send(Get(path));
      const auto exchange = Held();
      std::atomic<int> closed = 0;
      exchange->OnClosed([&] { ++closed; });
      if (path == "/stream") exchange->Write("data: 1\n\n");
      const Stopwatch watch;
      reset ? client.Reset() : client.Close();
      ASSERT_TRUE(Soon([&] { return closed == 1; })) << path;
      quickest = std::min(quickest, watch.seconds());
      if (path == "/stream") {
        exchange->Write("data: 2\n\n");
        exchange->End();
      } else {
        exchange->Respond({.body = "late"});
      }
      EXPECT_TRUE(Soon([&] { return server_->connections() == 0; }));
      EXPECT_EQ(closed, 1);
    }
    EXPECT_LT(quickest, 0.1);
  }
  ASSERT_EQ(log().size(), 4u);
  for (const Logged& logged : log()) EXPECT_EQ(logged.status, 499u);
}

TEST_F(Streams, TellWhenTheirClientHasLeftBefore) {
  Start();
  Client client = Connected();
  client.Send(Get("/stream"));
  const auto exchange = Held();
  client.Close();
  ASSERT_TRUE(Soon([&] { return server_->connections() == 0; }));
  std::atomic<bool> closed = false;
  exchange->OnClosed([&] { closed = true; });
  EXPECT_TRUE(Soon([&] { return closed.load(); }));
}

TEST_F(Streams, TellOfAClientThatLeftBehindWhatItSentEarly) {
  Start();
  Client client = Connected();
  client.Send(Get("/hold"));
  const auto exchange = Held();
  std::atomic<bool> closed = false;
  exchange->OnClosed([&] { closed = true; });
  client.Send(Post("/echo", std::string(150000, 'x')));
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_FALSE(closed);
  const Stopwatch watch;
  client.Close();
  EXPECT_TRUE(Soon([&] { return closed.load(); }));
  EXPECT_LT(watch.seconds(), 2);
}

TEST_F(Streams, SayNothingOfAClientThatLeavesAfterTheAnswer) {
  Start();
  Client client = Connected();
  client.Send(Get("/hold"));
  const auto exchange = Held();
  std::atomic<bool> closed = false;
  exchange->OnClosed([&] { closed = true; });
  exchange->Respond({.body = "x"});
  exchange->OnClosed([&] { closed = true; });
  client.ReadReply();
  client.Close();
  EXPECT_TRUE(Soon([&] { return server_->connections() == 0; }));
  EXPECT_FALSE(closed);
}

// A reader that takes nothing: what waits for it is bounded, its last words say so, others do not notice.
TEST_F(Streams, OfASlowReaderEndByRule) {
  options_.stream_buffer = 100000;
  Start();
  Client slow(server_->port(), 4096), quick = Connected();
  slow.Send(Get("/stream"));
  const auto exchange = Held();
  quick.Send(Get("/stream"));
  const auto other = Held();
  std::atomic<bool> closed = false;
  exchange->OnClosed([&] { closed = true; });
  const std::string piece(1000, 'x');
  size_t written = 0;
  while (!closed && written < 20000) {
    exchange->Write(piece);
    if (++written % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(closed);
  EXPECT_LT(written, 10000u);  // what the system holds for a connection is bounded too
  exchange->Write(piece);
  exchange->End();
  other->Write("data: 1\n\n");
  EXPECT_TRUE(quick.ReceiveUntil("data: 1"));

  const Reply reply = slow.ReadReply();
  EXPECT_TRUE(reply.whole);
  EXPECT_TRUE(reply.body.ends_with("xdata: too slow\n\n"));
  EXPECT_EQ((reply.body.size() - 16) % 1000, 0u);
  EXPECT_TRUE(slow.Ends());
  ASSERT_TRUE(Soon([&] { return !log().empty(); }));
  EXPECT_EQ(log()[0].status, 499u);
}

TEST_F(Streams, HavePiecesOfAnySizeForAReaderWhoKeepsUp) {
  options_.stream_buffer = 1000;
  Start();
  Client client = Connected();
  client.Send(Get("/stream"));
  const auto exchange = Held();
  exchange->Write("first\n");
  exchange->Write(std::string(100000, 'x'));
  EXPECT_TRUE(client.ReceiveUntil("xxx\r\n"));
  exchange->End();
  const Reply reply = client.ReadReply();
  EXPECT_TRUE(reply.whole);
  EXPECT_EQ(reply.body.size(), 6u + 100000u);
}

TEST_F(Streams, OfAReaderThatTakesNothingAreCut) {
  options_.write_timeout_s = 0.1;
  options_.stream_buffer = 20 << 20;
  Start();
  Client client(server_->port(), 4096);
  client.Send(Get("/stream"));
  const auto exchange = Held();
  std::atomic<bool> closed = false;
  exchange->OnClosed([&] { closed = true; });
  exchange->Write(std::string(10 << 20, 'x'));
  EXPECT_TRUE(Soon([&] { return closed.load(); }));
  EXPECT_TRUE(Soon([&] { return server_->connections() == 0; }));
}

// The network's thread is held up; what others write meanwhile must not grow beyond the bound.
TEST_F(Streams, AreBoundedThoughTheNetworkIsBehind) {
  options_.stream_buffer = 1000;
  Start();
  Client client = Connected();
  client.Send(Get("/stream"));
  const auto exchange = Held();
  std::atomic<bool> closed = false, go = false;
  exchange->OnClosed([&] { closed = true; });
  server_->Post([&] {
    while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  for (int i = 0; i < 10; ++i) exchange->Write(std::string(150, static_cast<char>('0' + i)));
  go = true;
  EXPECT_TRUE(Soon([&] { return closed.load(); }));
  EXPECT_EQ(client.ReadReply().body.size(), 7 * 150 + 16u);
}

TEST_F(Streams, ThatWaitGoOutTogether) {
  Start();
  Client client = Connected();
  client.Send(Get("/stream"));
  const auto exchange = Held();
  ASSERT_TRUE(client.ReceiveUntil("\r\n\r\n"));
  std::atomic<bool> go = false;
  server_->Post([&] {
    while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  for (int i = 0; i < 5; ++i) exchange->Write("abc");
  exchange->End();
  go = true;
  EXPECT_TRUE(client.ReceiveUntil("\r\n\r\nf\r\nabcabcabcabcabc\r\n0\r\n\r\n"));
}

TEST_F(Streams, EndWhenTheServerStops) {
  Start();
  std::vector<Client> clients;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  std::atomic<int> closed = 0;
  for (const char* path : {"/stream", "/hold", "/stream"}) {
    clients.push_back(Connected());
    clients.back().Send(Get(path));
    exchanges.push_back(Held());
    exchanges.back()->OnClosed([&] { ++closed; });
  }
  clients.push_back(Connected());
  const Stopwatch watch;
  server_->Stop();
  EXPECT_LT(watch.seconds(), 2);
  EXPECT_EQ(closed, 3);
  exchanges[0]->Write("late");
  exchanges[1]->Respond({});
  for (Client& client : clients) EXPECT_TRUE(client.Ends());
  server_->Stop();
  server_.reset();
  exchanges[2]->End();
}

TEST_F(Streams, EndWholeWhenTheServerAcceptsNoMore) {
  Start();
  Client streaming = Connected(), idle = Connected();
  idle.Ask(Get("/echo"));
  streaming.Send(Get("/stream") + Get("/echo"));
  const auto exchange = Held();
  server_->StopAccepting();
  EXPECT_TRUE(idle.Ends());
  exchange->Write("data: 1\n\n");
  exchange->End();
  const Reply reply = streaming.ReadReply();
  EXPECT_TRUE(reply.whole);
  EXPECT_TRUE(streaming.Ends());
  EXPECT_EQ(streaming.received(), "");
  streaming.Close();
  EXPECT_TRUE(Soon([&] { return server_->connections() == 0; }));
}

}  // namespace
}  // namespace sheepop::http
