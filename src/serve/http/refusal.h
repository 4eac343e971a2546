// A request that is answered here, because it may not or cannot come in.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "serve/http/exchange.h"

namespace sheepop::http {

class Refusal : public std::runtime_error {
 public:
  // `code` and `message` as HttpOptions::refusal has them. The headers are added to those that it gives.
  Refusal(unsigned status, std::string code, const std::string& message, std::vector<Header> headers = {})
      : std::runtime_error(message), status_(status), code_(std::move(code)), headers_(std::move(headers)) {}

  unsigned status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::vector<Header>& headers() const { return headers_; }

 private:
  unsigned status_;
  std::string code_;
  std::vector<Header> headers_;
};

}  // namespace sheepop::http
