// Time, connections, the network's own calls, and what cannot be bound.
#include <sys/resource.h>

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "serve/http/test_client.h"
#include "testing/sanitized.h"

namespace sheepop::http {
namespace {

class Limits : public HttpServer {};

TEST_F(Limits, OfTimeForAHead) {
  options_.head_timeout_s = 0.1;
  Start();
  Client client = Connected();
  client.Send("GET /echo HT");
  const Stopwatch watch;
  for (int i = 0; i < 10 && !client.Receive(0.02); ++i) client.Send("x");  // each byte in time, but not all of them
  EXPECT_EQ(client.ReadReply().status, 408u);
  EXPECT_GT(watch.seconds(), 0.09);
  EXPECT_LT(watch.seconds(), 2);
  client.Close();
  Client idle = Connected();
  EXPECT_FALSE(idle.Ends(0.3));
}

TEST_F(Limits, OfTimeForABody) {
  options_.body_timeout_s = 0.1;
  Start();
  Client client = Connected();
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 10 && !client.Receive(0.02); ++i) client.Send("x");
  EXPECT_EQ(client.ReadReply().status, 408u);
}

TEST_F(Limits, OfTimeBetweenRequests) {
  options_.idle_timeout_s = 0.1;
  Start();
  Client fresh = Connected(), used = Connected();
  used.Ask(Get("/echo"));
  const Stopwatch watch;
  EXPECT_TRUE(fresh.Ends());
  EXPECT_TRUE(used.Ends());
  EXPECT_LT(watch.seconds(), 2);
  Client waiting = Connected();
  waiting.Send(Get("/hold"));
  const auto exchange = Held();
  EXPECT_FALSE(waiting.Ends(0.2));
}

TEST_F(Limits, OfConnections) {
  options_.max_connections = 2;
  Start();
  Client busy = Connected(), idle = Connected();
  busy.Send(Get("/hold"));
  const auto first = Held();
  idle.Ask(Get("/echo"));
  Client third = Connected();  // in the place of the idle one
  EXPECT_TRUE(idle.Ends());
  third.Send(Get("/hold"));
  const auto second = Held();
  Client fourth = Connected();
  const Reply reply = fourth.Ask(Get("/echo"));
  EXPECT_EQ(reply.status, 503u);
  EXPECT_NE(reply.Get("Retry-After"), "");
  EXPECT_TRUE(fourth.Ends());
  fourth.Close();
  first->Respond({.body = "first"});
  EXPECT_EQ(busy.ReadReply().body, "first");
  EXPECT_EQ(Ask(Get("/echo")).status, 200u);
}

TEST_F(Limits, OfConnectionsHoldAgainstMany) {
  options_.max_connections = 2;
  Start();
  std::vector<Client> clients;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(Connected());
    clients.back().Send(Get("/hold"));
    exchanges.push_back(Held());
  }
  for (int i = 0; i < 200; ++i) clients.push_back(Connected());
  EXPECT_TRUE(clients.back().Ends());
  EXPECT_LE(server_->connections(), 66u);
}

TEST_F(Limits, OfAllBodiesTogether) {
  options_.max_body = 1000;
  options_.max_bodies = 2500;
  Start();
  Client first = Connected(), second = Connected(), third = Connected();
  first.Send(Post("/hold", std::string(1000, 'x')));
  auto held = Held();
  second.Send(Post("/hold", std::string(1000, 'x')));
  auto also_held = Held();
  const Reply reply = Ask(Post("/echo", std::string(1000, 'x')));
  EXPECT_EQ(reply.status, 503u);
  EXPECT_NE(reply.Get("Retry-After"), "");
  EXPECT_EQ(Ask(Post("/echo", std::string(400, 'x'))).status, 200u);
  held->Respond({});
  held.reset();
  EXPECT_EQ(first.ReadReply().status, 200u);
  EXPECT_EQ(first.Ask(Post("/echo", std::string(1000, 'x'))).status, 200u);
  third.Send(Post("/hold", std::string(1000, 'x')));
  const auto third_held = Held();
  second.Close();  // whoever answers it has the body still
  EXPECT_TRUE(Soon([&] { return server_->connections() == 2; }));
  EXPECT_EQ(Ask(Post("/echo", std::string(1000, 'x'))).status, 503u);
  also_held.reset();
  EXPECT_TRUE(Soon([&] { return Ask(Post("/echo", std::string(1000, 'x'))).status == 200; }));
}

TEST_F(Limits, OfOthersAreNobodysElse) {
  Start();
  const size_t idle_count = testing::kSanitized ? 200 : 1000, slow_count = testing::kSanitized ? 50 : 200;
  std::vector<Client> idle, slow;
  for (size_t i = 0; i < idle_count; ++i) idle.push_back(Connected());
  for (size_t i = 0; i < slow_count; ++i) {
    slow.push_back(Connected());
    slow.back().Send("P");
  }
  const std::string rest = Post("/echo", "slow").substr(1);
  EXPECT_TRUE(Soon([&] { return server_->connections() == idle_count + slow_count; }));
  Client client = Connected();
  std::vector<double> seconds;
  for (const char c : rest) {
    for (Client& each : slow) each.Send({&c, 1});
    const Stopwatch watch;
    EXPECT_EQ(client.Ask(Get("/echo")).status, 200u);
    seconds.push_back(watch.seconds());
  }
  std::ranges::sort(seconds);
  EXPECT_LT(seconds[seconds.size() / 2], 0.1);
  for (Client& each : slow) EXPECT_EQ(each.ReadReply().body, "POST /echo? slow");
}

TEST_F(Limits, OfOpenFilesAreWaitedFor) {
  if (testing::kSanitized) GTEST_SKIP() << "UBSan opens a pipe to see whether memory can be read";
  Start();
  Client client;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{static_cast<rlim_t>(client.fd()) + 20, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  std::vector<int> taken;
  for (int fd; (fd = ::dup(client.fd())) >= 0;) taken.push_back(fd);
  client.Connect(server_->port());
  client.Send(Get("/echo"));
  const std::clock_t used = std::clock();
  EXPECT_FALSE(client.Receive(0.25));
  EXPECT_LT(std::clock() - used, CLOCKS_PER_SEC / 10);
  for (const int fd : taken) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(client.ReadReply().body, "GET /echo? ");
}

TEST_F(Limits, WorkRunsOnTheNetworksThread) {
  Start();
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  std::thread::id network;
  server_->Post([&] { network = std::this_thread::get_id(); });
  std::vector<std::thread::id> seen;  // by one thread alone, or ThreadSanitizer would object
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) {
        server_->Post([&] {
          seen.push_back(std::this_thread::get_id());
          ++done;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(Soon([&] { return done == 400; }));
  EXPECT_EQ(std::count(seen.begin(), seen.end(), network), 400);
  const Stopwatch watch;
  server_->After(0.05, [&] { ++done; });
  server_->After(1000, [&] { ++done; });
  ASSERT_TRUE(Soon([&] { return done == 401; }));
  EXPECT_GT(watch.seconds(), 0.045);
  server_->Stop();
  server_->Post([&] { ++done; });
  EXPECT_EQ(done, 401);
}

TEST_F(Limits, WhatCannotBeBoundIsNamed) {
  Start();
  const auto refusal = [&](const std::string& host, uint16_t port) -> std::string {
    HttpOptions options = options_;
    options.host = host;
    options.port = port;
    try {
      Server(options, [](auto) {});
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kIo);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal("127.0.0.1", server_->port()),
            fmt::format("port {} of 127.0.0.1 is in use; choose another with --port", server_->port()));
  EXPECT_NE(refusal("192.0.2.1", 0).find("192.0.2.1"), std::string::npos);
  EXPECT_NE(refusal("no.such.host.invalid", 0).find("--host"), std::string::npos);
}

TEST_F(Limits, AServerIsReachedByEveryAddressOfItsName) {
  options_.host = "localhost";
  Start();
  EXPECT_EQ(Ask(Get("/echo")).status, 200u);
}

TEST_F(Limits, AServerMayHaveAnAddressOfVersion6) {
  options_.host = "::1";
  try {
    Start();
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  Client client(server_->port(), 0, AF_INET6);
  client.Send(fmt::format("GET /hold HTTP/1.1\r\nHost: [::1]:{}\r\n\r\n", server_->port()));
  const auto exchange = Held();
  EXPECT_TRUE(exchange->request().peer.starts_with("[::1]:")) << exchange->request().peer;
  exchange->Respond({});
  EXPECT_EQ(client.ReadReply().status, 200u);
}

}  // namespace
}  // namespace sheepop::http
