// Whole requests, and those that are none.
#include <algorithm>

#include "serve/http/test_client.h"

namespace sheepop::http {
namespace {

class Requests : public HttpServer {};

TEST_F(Requests, AreAnswered) {
  Start();
  const Reply reply = Ask(Get("/echo?a=%20b"));
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.body, "GET /echo?a=%20b ");
  EXPECT_EQ(reply.Get("Content-Type"), "application/json");
  EXPECT_EQ(reply.Get("Date").size(), 29u);
  EXPECT_EQ(reply.Get("X-Request-Id").size(), 24u);
  EXPECT_EQ(reply.Get("Connection"), "");
  EXPECT_EQ(Ask(Post("/echo", "body")).body, "POST /echo? body");
}

TEST_F(Requests, KeepTheConnectionAndMayComeBeforeTheAnswer) {
  Start();
  Client client = Connected();
  client.Send(Get("/echo?1") + Post("/echo", "two") + Get("/echo?3"));
  EXPECT_EQ(client.ReadReply().body, "GET /echo?1 ");
  EXPECT_EQ(client.ReadReply().body, "POST /echo? two");
  EXPECT_EQ(client.ReadReply().body, "GET /echo?3 ");
  EXPECT_EQ(client.Ask("\r\n" + Get("/echo?4")).body, "GET /echo?4 ");
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(Requests, WaitForTheAnswerBeforeThem) {
  Start();
  Client client = Connected();
  client.Send(Get("/hold") + Get("/echo?2"));
  const auto exchange = Held();
  EXPECT_FALSE(client.Receive(0.05));
  exchange->Respond({.body = "first"});
  EXPECT_EQ(client.ReadReply().body, "first");
  EXPECT_EQ(client.ReadReply().body, "GET /echo?2 ");
}

TEST_F(Requests, ThatComeEarlyWaitWithinABound) {
  Start();
  Client client = Connected();
  const std::string second = Post("/echo", std::string(30 << 20, 'x'));  // more than two systems hold
  client.Send(Get("/hold"));
  const auto exchange = Held();
  std::atomic<bool> sent = false;
  std::thread sender([&] {
    client.Send(second);
    sent = true;
  });
  EXPECT_FALSE(Soon([&] { return sent.load(); }, 0.2));
  exchange->Respond({.body = "first"});
  EXPECT_EQ(client.ReadReply().body, "first");
  sender.join();
  EXPECT_EQ(client.ReadReply().body.size(), (30u << 20) + 12);
}

TEST_F(Requests, MayComeByteByByte) {
  Start();
  Client client = Connected();
  for (const char c : Post("/echo", "slow")) client.Send({&c, 1});
  EXPECT_EQ(client.ReadReply().body, "POST /echo? slow");
}

TEST_F(Requests, MayHaveABodyInChunks) {
  Start();
  Client client = Connected();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=value\r\nabcde\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  EXPECT_EQ(client.Ask(request).body, "POST /echo? abcde0123456789");
  for (const char c : request) client.Send({&c, 1});
  EXPECT_EQ(client.ReadReply().body, "POST /echo? abcde0123456789");
  EXPECT_EQ(client.Ask(Get("/echo")).status, 200u);
}

TEST_F(Requests, AreToldThatABodyIsWelcome) {
  Start();
  Client client = Connected();
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadReply().status, 100u);
  client.Send("abc");
  EXPECT_EQ(client.ReadReply().body, "POST /echo? abc");
  EXPECT_EQ(Ask(Get("/echo", "Expect: 200-ok\r\n")).status, 417u);
}

TEST_F(Requests, OfHttp10CloseTheConnectionUnlessTheyAskForMore) {
  Start();
  Client client = Connected();
  EXPECT_EQ(client.Ask("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").Get("Connection"), "keep-alive");
  EXPECT_EQ(client.Ask("GET /echo HTTP/1.0\r\n\r\n").Get("Connection"), "close");
  EXPECT_TRUE(client.Ends());
  Client modern = Connected();
  EXPECT_EQ(modern.Ask(Get("/echo", "Connection: close\r\n")).Get("Connection"), "close");
  EXPECT_TRUE(modern.Ends());
}

TEST_F(Requests, ForTheHeadGetNoBody) {
  Start();
  Client client = Connected();
  const Reply reply = client.Ask("HEAD /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.Get("Content-Length"), "12");
  EXPECT_EQ(client.Ask(Get("/echo")).body, "GET /echo? ");
}

TEST_F(Requests, HaveTheClientsIdOrOneOfTheirOwn) {
  Start();
  EXPECT_EQ(Ask(Get("/echo", "X-Request-Id: mine-7\r\n")).Get("X-Request-Id"), "mine-7");
  EXPECT_EQ(Ask(Get("/echo", "X-Request-Id: not mine\r\n")).Get("X-Request-Id").size(), 24u);
  EXPECT_EQ(Ask(Get("/echo", fmt::format("X-Request-Id: {}\r\n", std::string(129, 'x')))).Get("X-Request-Id").size(),
            24u);
}

TEST_F(Requests, HaveAPathThatIsDecoded) {
  Start();
  EXPECT_EQ(Ask(Get("/v1/models/a%2Fb%c3%A4")).body, "GET /v1/models/a/bä? ");
  EXPECT_EQ(Ask(Get("http://localhost/echo?x")).body, "GET /echo?x ");
  EXPECT_EQ(Ask(Get("http://localhost?x")).body, "GET /?x ");
  for (const char* path : {"/%", "/%4", "/%zz", "/%00", "/%ff", "echo", "*", "/a#b"}) {
    EXPECT_EQ(Ask(Get(path)).status, 400u) << path;
  }
}

TEST_F(Requests, ThatAreNoneAreRefused) {
  Start();
  const std::pair<std::string, unsigned> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 400},
      {"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
      {"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
  };
  for (const auto& [request, status] : cases) {
    Client client = Connected();
    const Reply reply = client.Ask(request);
    EXPECT_EQ(reply.status, status) << request << reply.body;
    EXPECT_EQ(reply.Get("X-Request-Id").size(), 24u);
    EXPECT_NE(reply.body, "");
  }
  EXPECT_EQ(Ask(Get("/echo")).status, 200u);
}

TEST_F(Requests, ThatAreTooLargeAreRefusedBeforeTheyAreRead) {
  options_.max_body = 1000;
  options_.max_head = 2000;
  Start();
  Client client = Connected();
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  const Reply reply = client.ReadReply();
  EXPECT_EQ(reply.status, 413u);
  EXPECT_NE(reply.body.find("1001 bytes"), std::string::npos);
  EXPECT_TRUE(client.Ends());
  EXPECT_EQ(Ask(Post("/echo", std::string(1000, 'x'))).status, 200u);
  const std::string chunked = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Ask(chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n0\r\n\r\n").status, 200u);
  EXPECT_EQ(Ask(chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n").status, 413u);
  EXPECT_EQ(Ask(chunked + "fffffffffffffff\r\n").status, 413u);
  EXPECT_EQ(Ask(chunked + "1;" + std::string(100000, 'x')).status, 400u);

  const auto get = [&](size_t path, size_t header) {
    return Ask(Get(fmt::format("/{:x>{}}", "", path), fmt::format("A: {:x>{}}\r\n", "", header))).status;
  };
  EXPECT_EQ(get(4, 1900), 200u);
  EXPECT_EQ(get(4, 2000), 431u);
  EXPECT_EQ(get(1500, 1500), 431u);
  EXPECT_EQ(Ask("GET /" + std::string(5000, 'x')).status, 431u);
}

TEST_F(Requests, GetTheAnswerThoughTheyGoOnSending) {
  options_.max_body = 1000;
  Start();
  Client client = Connected();
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
  client.Send(std::string(1000000, 'x'));
  EXPECT_EQ(client.ReadReply().status, 413u);
}

TEST_F(Requests, ThatNobodyAnswersAreAFaultOfTheServer) {
  Start();
  Client client = Connected();
  const Reply reply = client.Ask(Get("/drop"));
  EXPECT_EQ(reply.status, 500u);
  EXPECT_NE(reply.body, "");
  EXPECT_EQ(client.Ask(Get("/throw")).status, 500u);
  Held()->Respond({.body = "late"});
  EXPECT_EQ(client.Ask(Get("/echo")).status, 200u);
}

TEST_F(Requests, AreLoggedAfterTheAnswer) {
  Start();
  Ask(Get("/echo", "X-Request-Id: one\r\n"));
  Ask("nonsense\r\n\r\n");
  ASSERT_TRUE(Soon([&] { return log().size() == 2; }));
  EXPECT_EQ(log()[0].path, "/echo");
  EXPECT_EQ(log()[0].id, "one");
  EXPECT_EQ(log()[0].status, 200u);
  EXPECT_EQ(log()[0].bytes, 11u);
  EXPECT_EQ(log()[1].status, 400u);
}

TEST_F(Requests, AnswersCannotBreakTheirHead) {
  Start();
  Client client = Connected();
  client.Send(Get("/hold"));
  Held()->Respond({.body = "x", .headers = {{"X-Evil", "a\r\nSet-Cookie: b"}, {"content-type", "text/plain"}}});
  const Reply reply = client.ReadReply();
  EXPECT_EQ(reply.Get("X-Evil"), "a  Set-Cookie: b");
  EXPECT_EQ(reply.Get("Set-Cookie"), "");
  EXPECT_EQ(reply.Get("Content-Type"), "text/plain");
}

}  // namespace
}  // namespace sheepop::http
