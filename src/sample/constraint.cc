#include "sample/constraint.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>

namespace sheepop {
namespace {

constexpr size_t kMaskBytes = size_t{32} << 20;  // of masks that are kept, before all are forgotten

}  // namespace

struct Constraint::Body {
  Body(std::unique_ptr<grammar::Grammar> grammar, grammar::Symbol start) : automaton(std::move(grammar), start) {}

  // The state of a position, made again where states have been forgotten since.
  grammar::Automaton::State StateOf(const Position& position) {
    if (position.epoch == automaton.epoch()) return position.state;
    auto state = automaton.Start();
    for (const char byte : position.bytes) state = automaton.Next(state, static_cast<uint8_t>(byte));
    automaton.MakeRoom();
    return state;
  }

  // To be called before states are walked: they are valid until the next call.
  void Tidy() {
    automaton.Tidy();
    if (masks_epoch != automaton.epoch()) masks.clear();
    masks_epoch = automaton.epoch();
  }

  std::shared_ptr<const TokenMask> Mask(grammar::Automaton::State state, const TokenTable& table) {
    if (const auto known = masks.find(state); known != masks.end()) {
      ++counts.masks_found;
      return known->second;
    }
    ++counts.masks_made;
    const auto mask = std::make_shared<const TokenMask>(MakeMask(state, table));
    if ((masks.size() + 1) * mask->size() * sizeof(uint64_t) > kMaskBytes) masks.clear();
    masks.emplace(state, mask);
    return mask;
  }

  TokenMask MakeMask(grammar::Automaton::State state, const TokenTable& table) {
    TokenMask mask((table.vocabulary_size() + 63) / 64);
    const auto set = [&](Token token) {
      mask[static_cast<size_t>(token) / 64] |= uint64_t{1} << (static_cast<size_t>(token) % 64);
    };
    if (automaton.Accepts(state)) {
      for (const Token token : table.end_tokens()) set(token);
    }
    if (state == grammar::Automaton::kDead) return mask;
    const std::span<const TokenTable::Part> parts = table.parts();
    const size_t run = automaton.PlainRun(state, parts.back().most), most = automaton.PlainMost(state);
    size_t whole = 0;  // slices that fit whole
    while (whole + 1 < parts.size() && parts[whole + 1].most <= run) ++whole;
    if (whole > 0) {
      for (size_t i = 0; i < mask.size(); ++i) mask[i] |= parts[whole].up_to[i];
    }
    Walk(state, parts[0], set);
    for (size_t i = whole + 1; i < parts.size() && parts[i].least <= most; ++i) Walk(state, parts[i], set);
    return mask;
  }

  template <class Set>
  void Walk(grammar::Automaton::State state, const TokenTable::Part& part, const Set& set) {
    path.assign(1, state);
    for (uint32_t i = 0; i < part.nodes.size();) {
      const TokenTable::Node node = part.nodes[i];
      path.resize(node.depth + 1);
      const auto here = path.back();
      auto next = automaton.Row(here)[node.byte];
      if (next == grammar::Automaton::kUnmade) next = automaton.Next(here, node.byte);
      if (next == grammar::Automaton::kDead) {
        i = node.skip;
        continue;
      }
      path.push_back(next);
      for (uint32_t t = part.first_token[i]; t < part.first_token[i + 1]; ++t) set(part.tokens[t]);
      ++i;
    }
  }

  // Runs what a caller asks, and remembers where a bound was met: it would be met again.
  template <class Call>
  auto Run(const Call& call) {
    const std::lock_guard lock(mutex);
    try {
      return call();
    } catch (...) {
      failed = true;
      throw;
    }
  }

  std::mutex mutex;
  bool failed = false;
  grammar::Automaton automaton;
  boost::unordered_flat_map<grammar::Automaton::State, std::shared_ptr<const TokenMask>> masks;
  uint64_t masks_epoch = 0;
  Counts counts;
  std::vector<grammar::Automaton::State> path;  // of a walk: the state at each depth
};

Constraint::Constraint(std::unique_ptr<grammar::Grammar> grammar, grammar::Symbol start,
                       std::shared_ptr<const TokenTable> table)
    : table_(std::move(table)), body_(std::make_unique<Body>(std::move(grammar), start)) {}

Constraint::~Constraint() = default;

size_t Constraint::Advance(Position& position, std::string_view bytes) const {
  return body_->Run([&] {
    body_->Tidy();
    auto state = body_->StateOf(position);
    size_t fits = 0;
    for (; fits < bytes.size(); ++fits) {
      const auto next = body_->automaton.Next(state, static_cast<uint8_t>(bytes[fits]));
      if (next == grammar::Automaton::kDead) break;
      state = next;
    }
    position.bytes += bytes.substr(0, fits);
    position.state = state;
    position.epoch = body_->automaton.epoch();
    return fits;
  });
}

bool Constraint::Accepts(const Position& position) const {
  return body_->Run([&] { return body_->automaton.Accepts(body_->StateOf(position)); });
}

ByteSet Constraint::Allowed(const Position& position) const {
  return body_->Run([&] { return body_->automaton.Allowed(body_->StateOf(position)); });
}

std::shared_ptr<const TokenMask> Constraint::Mask(const Position& position) const {
  return body_->Run([&] {
    body_->Tidy();
    return body_->Mask(body_->StateOf(position), *table_);
  });
}

void Constraint::ForgetMasks() const {
  const std::lock_guard lock(body_->mutex);
  body_->masks.clear();
}

std::string Constraint::Forced(const Position& position, size_t most) const {
  return body_->Run([&] {
    body_->Tidy();
    std::string forced;
    auto state = body_->StateOf(position);
    while (forced.size() < most && !body_->automaton.Accepts(state)) {
      const ByteSet allowed = body_->automaton.Allowed(state);
      if (allowed.size() != 1) break;
      forced += static_cast<char>(allowed.First());
      state = body_->automaton.Next(state, allowed.First());
    }
    return forced;
  });
}

std::vector<std::string> Constraint::Following(const Position& position) const {
  return body_->Run([&] { return body_->automaton.Following(body_->StateOf(position)); });
}

Constraint::Counts Constraint::counts() const {
  const std::lock_guard lock(body_->mutex);
  Counts counts = body_->counts;
  counts.failed = body_->failed;
  counts.bytes = body_->automaton.bytes() + body_->masks.size() * ((table_->vocabulary_size() + 63) / 64) * 8;
  return counts;
}

}  // namespace sheepop
