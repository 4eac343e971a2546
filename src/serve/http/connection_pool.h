// The connections of a server, at most so many: one more is let in at the cost of the one that has waited longest for a
// request, and refused where none waits. On the network's thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "serve/http/connection.h"
#include "serve/http/gate.h"
#include "serve/http/kept_bytes.h"
#include "serve/http/server.h"

namespace sheepop::http {

class ConnectionPool {
 public:
  // All must outlive it.
  ConnectionPool(const HttpOptions& options, const Gate& gate, const Handler& handler, std::shared_ptr<Loop> loop);

  void Add(std::unique_ptr<Stream> stream, std::string peer);
  void CloseLongestIdle();  // where there is one
  void Finish();            // each is closed after the answer it is getting
  void CloseAll();
  size_t size() const { return size_; }            // any thread
  size_t answering() const { return answering_; }  // any thread: requests that the handler got and whose answer is due

  // For its connections.
  const HttpOptions& options() const { return options_; }
  const Gate& gate() const { return gate_; }
  const Handler& handler() const { return handler_; }
  const std::shared_ptr<Loop>& loop() const { return loop_; }
  bool finishing() const { return finishing_; }
  const KeptBytes::Sum& bodies() const { return bodies_; }  // of requests
  void Answers() { ++answering_; }
  void HasAnswered() { --answering_; }
  void IsIdle(Connection& connection);
  void IsBusy(Connection& connection);
  void IsClosed(Connection& connection);

 private:
  const HttpOptions& options_;
  const Gate& gate_;
  const Handler& handler_;
  const std::shared_ptr<Loop> loop_;
  bool finishing_ = false;
  const KeptBytes::Sum bodies_ = std::make_shared<std::atomic<size_t>>(0);
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::list<Connection*> idle_;  // the longest first
  std::atomic<size_t> size_ = 0, answering_ = 0;
};

}  // namespace sheepop::http
