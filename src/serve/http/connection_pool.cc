#include "serve/http/connection_pool.h"

#include <algorithm>
#include <utility>

namespace sheepop::http {
namespace {

constexpr size_t kMostRefused = 64;  // connections beyond the bound that are told so; others are closed without a word

}  // namespace

ConnectionPool::ConnectionPool(const HttpOptions& options, const Gate& gate, const Handler& handler,
                               std::shared_ptr<Loop> loop)
    : options_(options), gate_(gate), handler_(handler), loop_(std::move(loop)) {}

void ConnectionPool::Add(std::unique_ptr<Stream> stream, std::string peer) {
  if (finishing_) return;
  if (connections_.size() >= options_.max_connections) CloseLongestIdle();
  const bool room = connections_.size() < options_.max_connections;
  if (!room && connections_.size() >= options_.max_connections + kMostRefused) return;
  auto connection = std::make_shared<Connection>(*this, std::move(stream), std::move(peer));
  connections_.emplace(connection.get(), connection);
  size_ = connections_.size();
  room ? connection->Start() : connection->StartRefused();
}

void ConnectionPool::CloseLongestIdle() {
  if (!idle_.empty()) idle_.front()->Close();
}

void ConnectionPool::Finish() {
  finishing_ = true;
  while (!idle_.empty()) idle_.front()->Close();
}

void ConnectionPool::CloseAll() {
  finishing_ = true;
  while (!connections_.empty()) connections_.begin()->second->Close();
}

void ConnectionPool::IsIdle(Connection& connection) {
  if (connection.idle_place) return;
  connection.idle_place = idle_.insert(idle_.end(), &connection);
}

void ConnectionPool::IsBusy(Connection& connection) {
  if (!connection.idle_place) return;
  idle_.erase(*connection.idle_place);
  connection.idle_place.reset();
}

void ConnectionPool::IsClosed(Connection& connection) {
  IsBusy(connection);
  connections_.erase(&connection);
  size_ = connections_.size();
}

}  // namespace sheepop::http
