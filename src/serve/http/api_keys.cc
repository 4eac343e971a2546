#include "serve/http/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/text_file.h"
#include "serve/http/text.h"

namespace sheepop::http {
namespace {

constexpr size_t kShortest = 16;
constexpr std::string_view kBlank = " \t\r";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

[[noreturn]] void RefuseLine(const std::string& path, size_t line, std::string_view what) {
  throw Error(ErrorCategory::kCorrupt, "{}, line {}: {}", path, line, what);
}

// systemd's credentials (systemd.exec(5)): what lies there only the service can reach, though its list of users shows as
// rights of a group.
bool IsCredential(const std::string& path) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder && *folder && path.starts_with(std::string(folder) + "/") && path.find("/../") == std::string::npos;
}

void CheckPrivate(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) throw SystemError("cannot read " + path, errno);
  const unsigned shared = status.st_mode & (S_IRWXG | S_IRWXO);
  if (shared == 0 || (shared == S_IRGRP && IsCredential(path))) return;
  throw Error(ErrorCategory::kIo, "{} holds keys, and others than its owner may open it (mode {:04o}); chmod 600 it",
              path, static_cast<unsigned>(status.st_mode & 07777));
}

// Letters that a header can carry as they are.
bool CanBeSent(std::string_view key) {
  return std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7f; });
}

ApiKey KeyOfLine(const std::string& path, size_t number, std::string_view line) {
  const size_t space = line.find_first_of(kBlank);
  const std::string_view key = space == std::string_view::npos ? line : Trimmed(line.substr(space));
  std::string name =
      space == std::string_view::npos ? "key" + std::to_string(number) : std::string(line.substr(0, space));
  if (key.find_first_of(kBlank) != std::string_view::npos) {
    RefuseLine(path, number, "it has more than a name and a key; a key has no spaces in it");
  }
  if (key.size() < kShortest) {
    RefuseLine(path, number,
               "its key is shorter than 16 characters and could be guessed; `openssl rand -hex 24` makes a good one");
  }
  if (!CanBeSent(key)) RefuseLine(path, number, "its key has other characters than printable ASCII");
  return {std::move(name), std::string(key)};
}

}  // namespace

std::vector<ApiKey> ReadApiKeys(const std::string& path) {
  const std::string text = ReadTextFile(path, "a file of keys", 1 << 20);
  CheckPrivate(path);
  std::vector<ApiKey> keys;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = Trimmed(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    ApiKey key = KeyOfLine(path, number, line);
    for (const ApiKey& other : keys) {
      if (other.key == key.key) RefuseLine(path, number, "its key is that of " + other.name);
      if (other.name == key.name) RefuseLine(path, number, "there is a key named " + other.name + " before it");
    }
    keys.push_back(std::move(key));
  }
  if (keys.empty()) {
    throw Error(ErrorCategory::kCorrupt, "{} has no keys; write one a line, with or without a name before it", path);
  }
  return keys;
}

KeyRing::KeyRing(std::span<const ApiKey> keys) {
  for (const ApiKey& key : keys) entries_.push_back({key.name, DigestOf(key.key)});
}

KeyRing::Digest KeyRing::DigestOf(std::string_view key) {
  Digest digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return digest;
}

std::optional<std::string> KeyRing::Find(std::span<const Header> headers) const {
  constexpr std::string_view kScheme = "Bearer ";
  const Entry* found = nullptr;
  for (const Header& header : headers) {
    std::string_view shown;
    if (EqualsIgnoringCase(header.name, "x-api-key")) {
      shown = Trimmed(header.value);
    } else if (EqualsIgnoringCase(header.name, "Authorization") &&
               EqualsIgnoringCase(std::string_view(header.value).substr(0, kScheme.size()), kScheme)) {
      shown = Trimmed(std::string_view(header.value).substr(kScheme.size()));
    } else {
      continue;
    }
    const Digest digest = DigestOf(shown);
    for (const Entry& entry : entries_) {
      if (::CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) found = &entry;
    }
  }
  return found ? std::optional(found->name) : std::nullopt;
}

}  // namespace sheepop::http
