// Who may come in: keys, hosts, origins.
#include <sys/stat.h>

#include "base/error.h"
#include "serve/http/test_client.h"
#include "testing/temporary_folder.h"

namespace sheepop::http {
namespace {

class Access : public HttpServer {
 protected:
  Reply AskHost(std::string_view host) { return Ask(fmt::format("GET /echo HTTP/1.1\r\nHost: {}\r\n\r\n", host)); }
};

TEST_F(Access, NeedsAKeyWhereThereAreKeys) {
  options_.keys = {{"one", "first-key-0123456"}, {"two", "second-key-012345"}};
  options_.is_open = [](std::string_view path) { return path == "/health"; };
  Start();
  for (const char* header : {"", "Authorization: Bearer wrong-key-0123456\r\n", "Authorization: first-key-0123456\r\n",
                             "Authorization: Basic first-key-0123456\r\n", "Authorization: Bearer\r\n",
                             "Authorization: Bearer first-key-012345\r\n", "x-api-key: \r\n", "Authorization: \r\n",
                             "Authorization: Bearer first-key-01234567\r\n"}) {
    const Reply reply = Ask(Get("/echo", header));
    EXPECT_EQ(reply.status, 401u) << header;
    EXPECT_EQ(reply.Get("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(reply.body.find("first-key"), std::string::npos);
  }
  EXPECT_EQ(Ask(Get("/echo", "Authorization: Bearer first-key-0123456\r\n")).status, 200u);
  EXPECT_EQ(Ask(Get("/echo", "authorization: bearer  second-key-012345 \r\n")).status, 200u);
  EXPECT_EQ(Ask(Get("/echo", "X-API-Key: second-key-012345\r\n")).status, 200u);
  EXPECT_EQ(Ask(Get("/echo", "Authorization: Bearer none\r\nx-api-key: second-key-012345\r\n")).status, 200u);
  EXPECT_EQ(Ask(Get("/health")).status, 200u);
  EXPECT_EQ(Ask("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204u);
  ASSERT_TRUE(Soon([&] { return log().size() == 15; }));
  EXPECT_EQ(log()[0].key, "");
  EXPECT_EQ(log()[9].key, "one");
  EXPECT_EQ(log()[10].key, "two");
}

TEST_F(Access, WithoutAKeyNoBodyIsRead) {
  options_.keys = {{"one", "first-key-0123456"}};
  Start();
  Client client = Connected();
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  const Reply reply = client.ReadReply();
  EXPECT_EQ(reply.status, 401u);
  EXPECT_EQ(reply.Get("Connection"), "close");
  EXPECT_TRUE(client.Ends());
}

TEST_F(Access, OnLoopbackIsForHostsOfThisMachine) {
  options_.allowed_hosts = {"Model.example"};
  Start();
  for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:80",
                           "model.example", "MODEL.example:443"}) {
    EXPECT_EQ(AskHost(host).status, 200u) << host;
  }
  for (const char* host : {"evil.com", "localhost.evil.com", "127.0.0.1.evil.com:8080", "", "127.0.0.2", "::1", "[::1",
                           "localhost:80:80", "x@localhost"}) {
    const Reply reply = AskHost(host);
    EXPECT_EQ(reply.status, 403u) << host;
    EXPECT_NE(reply.body.find("--allowed-host"), std::string::npos);
  }
  EXPECT_EQ(Ask("GET http://evil.com/echo HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 403u);
  EXPECT_EQ(Ask("GET /echo HTTP/1.0\r\n\r\n").status, 200u);
}

TEST_F(Access, BeyondLoopbackIsForAnyHostUnlessTheyAreListed) {
  options_.host = "0.0.0.0";
  Start();
  EXPECT_EQ(AskHost("any.example").status, 200u);
  server_.reset();
  options_.allowed_hosts = {"model.example"};
  Start();
  EXPECT_EQ(AskHost("any.example").status, 403u);
  EXPECT_EQ(AskHost("model.example").status, 200u);
}

TEST_F(Access, FromOtherOriginsIsNotThereByDefault) {
  Start();
  const Reply reply = Ask(Get("/echo", "Origin: http://localhost:3000\r\n"));
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.Get("Access-Control-Allow-Origin"), "");
  const Reply preflight =
      Ask("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n"
          "Access-Control-Request-Method: POST\r\n\r\n");
  EXPECT_EQ(preflight.status, 204u);
  EXPECT_EQ(preflight.Get("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(preflight.Get("Access-Control-Allow-Methods"), "");
}

TEST_F(Access, IsForOriginsThatAreListed) {
  options_.cors_origins = {"http://localhost:3000"};
  Start();
  const Reply reply = Ask(Post("/echo", "x", "Origin: http://localhost:3000\r\n"));
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.Get("Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(reply.Get("Vary"), "Origin");
  const Reply preflight = Ask(
      "OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,x-stainless-lang\r\n\r\n");
  EXPECT_EQ(preflight.status, 204u);
  EXPECT_EQ(preflight.Get("Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_NE(preflight.Get("Access-Control-Allow-Methods").find("POST"), std::string::npos);
  EXPECT_EQ(preflight.Get("Access-Control-Allow-Headers"), "authorization,x-stainless-lang");
  for (const char* origin :
       {"http://localhost:3000.evil.com", "http://localhost:300", "http://LOCALHOST:3000", "null"}) {
    EXPECT_EQ(Ask(Get("/echo", fmt::format("Origin: {}\r\n", origin))).Get("Access-Control-Allow-Origin"), "");
  }
  EXPECT_EQ(Ask(Get("/drop", "Origin: http://localhost:3000\r\n")).Get("Access-Control-Allow-Origin"),
            "http://localhost:3000");
  Client client = Connected();
  client.Send(Get("/stream", "Origin: http://localhost:3000\r\n"));
  Held()->End();
  EXPECT_EQ(client.ReadReply().Get("Access-Control-Allow-Origin"), "http://localhost:3000");
}

TEST_F(Access, IsNotForPagesOfOtherSitesThatOnlyWantToBeHeard) {
  Start();
  const auto post = [&](std::string_view headers) { return Ask(Post("/echo", "x", headers)); };
  EXPECT_EQ(post("").status, 200u);
  EXPECT_EQ(post("Origin: http://localhost\r\n").status, 200u);
  EXPECT_EQ(post("Origin: https://localhost\r\n").status, 200u);
  for (const char* origin : {"http://evil.com", "http://localhost:81", "null", "localhost"}) {
    const Reply reply = post(fmt::format("Origin: {}\r\n", origin));
    EXPECT_EQ(reply.status, 403u) << origin;
    EXPECT_NE(reply.body.find("--cors"), std::string::npos);
  }
  server_.reset();
  options_.keys = {{"one", "first-key-0123456"}};
  Start();
  EXPECT_EQ(post("Origin: http://evil.com\r\nx-api-key: first-key-0123456\r\n").status, 200u);
}

class KeyFile : public ::testing::Test {
 protected:
  std::vector<ApiKey> Read(std::string_view text, mode_t mode = 0600) {
    const std::string path = (folder_ / "keys").string();
    testing::WriteFile(path, text);
    ::chmod(path.c_str(), mode);
    return ReadApiKeys(path);
  }
  std::string Refusal(std::string_view text, mode_t mode = 0600) {
    try {
      Read(text, mode);
    } catch (const Error& error) {
      EXPECT_NE(error.category(), ErrorCategory::kInvalidArgument) << "no flag is wrong";
      EXPECT_NE(std::string(error.what()).find("/keys"), std::string::npos);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
      return error.what();
    }
    return "";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(KeyFile, HasAKeyALine) {
  const auto keys = Read("# ours\n\nanna secret-0123456789\r\n  secret-9876543210  \nbob\tsecret-0000000000\n");
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0].name, "anna");
  EXPECT_EQ(keys[0].key, "secret-0123456789");
  EXPECT_EQ(keys[1].name, "key4");
  EXPECT_EQ(keys[1].key, "secret-9876543210");
  EXPECT_EQ(keys[2].name, "bob");
}

TEST_F(KeyFile, ThatCannotBeMeantIsRefused) {
  EXPECT_NE(Refusal("# nothing\n").find("no keys"), std::string::npos);
  EXPECT_NE(Refusal("\nanna secret-01234567\n").find("line 2"), std::string::npos);  // 15 characters
  EXPECT_NE(Refusal("anna secret-0123456789\nbob secret-0123456789\n").find("line 2"), std::string::npos);
  EXPECT_NE(Refusal("anna secret-0123456789\nanna secret-9876543210\n").find("line 2"), std::string::npos);
  EXPECT_NE(Refusal("anna smith secret-0123456789\n").find("line 1"), std::string::npos);
  EXPECT_NE(Refusal("anna secret-0123456789\xc3\xa4\n").find("line 1"), std::string::npos);
  EXPECT_NE(Refusal("anna secret-0123456789\n", 0640).find("chmod 600"), std::string::npos);
  EXPECT_NE(Refusal("anna secret-0123456789\n", 0604).find("chmod 600"), std::string::npos);
  EXPECT_THROW(ReadApiKeys((folder_ / "nowhere").string()), Error);
}

TEST_F(KeyFile, OfSystemdsCredentialsMayShowTheRightsOfAList) {
  ::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  EXPECT_EQ(Read("anna secret-0123456789\n", 0440).size(), 1u);
  EXPECT_NE(Refusal("anna secret-0123456789\n", 0444).find("chmod 600"), std::string::npos);
  ::setenv("CREDENTIALS_DIRECTORY", (folder_ / "other").c_str(), 1);
  EXPECT_NE(Refusal("anna secret-0123456789\n", 0440).find("chmod 600"), std::string::npos);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace sheepop::http
