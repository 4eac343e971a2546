// What a server is started with, and the rows that describe it to flags and to a configuration file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/option_table.h"
#include "serve/fields.h"

namespace sheepop {

enum class LogForm { kOff, kText, kJson };

struct ServeOptions {
  std::string host = "127.0.0.1";
  size_t port = 8080;
  std::string api_key_file;
  bool no_key = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors;
  std::string tls_cert, tls_key;

  std::vector<std::string> aliases;
  size_t sequences = 16;
  size_t queue = 64;
  size_t cache_mib = 0;
  std::string follow;

  double grace = 30;
  size_t max_body_mib = 32;
  size_t max_connections = 2048;
  bool uploads = false;
  UnknownFields unknown_fields = UnknownFields::kRefuse;
  LogForm log = LogForm::kText;
};

template <>
const OptionType& OptionTypeOf<UnknownFields>();
template <>
const OptionType& OptionTypeOf<LogForm>();

// In the order of the help text.
inline constexpr OptionRow kServeRows[] = {
    {"host", "--host", Field<&ServeOptions::host>(), kAny, "",
     "address to listen at; one that other machines reach needs --api-key-file or --no-key",
     OptionTraits().In("Network").Takes("ADDRESS")},
    {"port", "--port", Field<&ServeOptions::port>(), Between(0, 65535), "", "port to listen at; 0: any that is free",
     OptionTraits().In("Network").Takes("N")},
    {"api_key_file", "--api-key-file", Field<&ServeOptions::api_key_file>(), kAny, "",
     "keys that clients must show, one a line, each with a name before it where it has one; readable by its owner "
     "alone",
     OptionTraits().In("Network").Takes("FILE").Otherwise("none")},
    {"no_key", "--no-key", Field<&ServeOptions::no_key>(), kAny, "",
     "let everybody in who reaches the address, though it is no loopback one", OptionTraits().In("Network").Bare()},
    {"allowed_hosts", "--allowed-host", Field<&ServeOptions::allowed_hosts>(), kAny, "",
     "a name that requests may call this server by, besides localhost; several times",
     OptionTraits().In("Network").Takes("NAME")},
    {"cors", "--cors", Field<&ServeOptions::cors>(), kAny, "",
     "an origin whose pages may use this server, such as http://localhost:3000; several times",
     OptionTraits().In("Network").Takes("ORIGIN")},
    {"tls_cert", "--tls-cert", Field<&ServeOptions::tls_cert>(), kAny, "",
     "certificate chain (PEM) for https; SIGHUP reads it again",
     OptionTraits().In("Network").Takes("FILE").Otherwise("http")},
    {"tls_key", "--tls-key", Field<&ServeOptions::tls_key>(), kAny, "", "the certificate's private key (PEM)",
     OptionTraits().In("Network").Takes("FILE").Otherwise("http")},
    {"aliases", "--alias", Field<&ServeOptions::aliases>(), kAny, "",
     "another name for the model, as a client asks for it; with several models NAME=MODEL; several times",
     OptionTraits().In("Models").Takes("NAME")},
    {"sequences", "--sequences", Field<&ServeOptions::sequences>(), Between(1, 1024), "",
     "texts that are written at once, of each model", OptionTraits().In("Models").Takes("N")},
    {"queue", "--queue", Field<&ServeOptions::queue>(), Between(0, 65536), "",
     "requests that wait when no more can be started; the next is told when to come again (429)",
     OptionTraits().In("Models").Takes("N")},
    {"cache_mib", "--cache-mib", Field<&ServeOptions::cache_mib>(), Between(1, 1 << 24), "MiB",
     "keys and values kept of each model, shared by all its requests",
     OptionTraits().In("Models").Takes("N").Otherwise("room for four full contexts")},
    {"follow", "--follow", Field<&ServeOptions::follow>(), kAny, "",
     "a training run's folder: its newest checkpoint is served, as it appears",
     OptionTraits().In("Models").Takes("RUN").Otherwise("none")},
    {"grace", "--grace", Field<&ServeOptions::grace>(), Between(0, 86400), "seconds",
     "for answers to end when the server is told to stop (SIGTERM)", OptionTraits().In("Limits").Takes("SECONDS")},
    {"max_body_mib", "--max-body-mib", Field<&ServeOptions::max_body_mib>(), Between(1, 4096), "MiB",
     "largest body of a request", OptionTraits().In("Limits").Takes("N")},
    {"max_connections", "--max-connections", Field<&ServeOptions::max_connections>(), Between(1, 65536), "",
     "connections at once", OptionTraits().In("Limits").Takes("N")},
    {"uploads", "--uploads", Field<&ServeOptions::uploads>(), kAny, "",
     "let clients of other machines have documents read, too", OptionTraits().In("Limits").Bare()},
    {"unknown_fields", "--unknown-fields", Field<&ServeOptions::unknown_fields>(), "error|warn", "",
     "what becomes of a request with a field that nobody knows: refused, or answered with a warning",
     OptionTraits().In("Limits").Takes("HOW")},
    {"log", "--log", Field<&ServeOptions::log>(), "off|text|json", "", "a line on stderr for each answer",
     OptionTraits().In("Limits").Takes("FORM")},
};

inline constexpr OptionTable<ServeOptions> kServeTable("serve option", kServeRows);

}  // namespace sheepop
