// For the tests of this folder: tiny models, a listener that keeps what it hears, and what a sequence is by itself.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "generate/engine.h"
#include "sample/testing_vocabulary.h"
#include "testing/paths.h"

namespace sheepop::testing {

inline std::shared_ptr<const Model> TinyModel(const std::string& name) {
  ThreadPool pool(1);
  return Model::Load(Checkpoint::Open(SourcePath("tests/data/tiny/" + name + "/model.gguf")), {}, pool);
}

inline uint64_t HashOf(std::span<const float> logits) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const std::byte byte : std::as_bytes(logits)) hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001B3;
  return hash;
}

// What was written, and the hash of the logits that each token was drawn from.
struct Written {
  std::vector<Token> ids;
  std::vector<uint64_t> logits;

  void Add(Token id, std::span<const float> row) {
    ids.push_back(id);
    logits.push_back(HashOf(row));
  }
  Written First(size_t count) const {
    const auto n = static_cast<long>(std::min(count, ids.size()));
    return {{ids.begin(), ids.begin() + n}, {logits.begin(), logits.begin() + n}};
  }
  bool operator==(const Written&) const = default;
};

class Collector final : public Listener {
 public:
  using Hook = std::function<Next(Collector&)>;
  explicit Collector(Hook on_token = {}, std::function<void(Collector&)> on_finish = {})
      : on_token_(std::move(on_token)), on_finish_(std::move(on_finish)) {}

  void OnPrompt(size_t done) override { prompt_done.push_back(done); }
  void OnPromptRow(const PromptRow& row) override {
    EXPECT_EQ(row.position, prompt_rows.size()) << "each once, in turn";
    prompt_rows.push_back(HashOf(row.logits));
    hidden = {row.hidden.begin(), row.hidden.end()};
  }
  Next OnToken(const Choice& choice, std::span<const float> logits) override {
    written.Add(choice.token, logits);
    return on_token_ ? on_token_(*this) : Next::kContinue;
  }
  void OnFinish(const Finish& with) override {
    finish = with;
    ++finishes;
    if (on_finish_) on_finish_(*this);
  }
  size_t size() const { return written.ids.size(); }
  FinishReason reason() const { return finish.value().reason; }
  std::string message() const { return finish && finish->error ? AsError(finish->error).what() : ""; }

  std::vector<size_t> prompt_done;
  std::vector<uint64_t> prompt_rows;  // hashes of the logits
  std::vector<float> hidden;          // of the last prompt row
  Written written;
  std::optional<Finish> finish;
  int finishes = 0;

 private:
  Hook on_token_;
  std::function<void(Collector&)> on_finish_;
};

// The hash of the logits at each position of a prompt, each computed in a pass of its own.
inline std::vector<uint64_t> PromptRowsAlone(const Model& model, std::span<const Token> prompt) {
  ThreadPool pool(1);
  KvCache cache(KvShapeOf(model.config(), kernel::KvType::kF16), prompt.size());
  Workspace work(model.config(), 1, 1, 1, prompt.size());
  const SequenceId id = cache.Open();
  std::vector<uint64_t> hashes;
  for (const Token token : prompt) {
    const Row row{id, token, true};
    hashes.push_back(HashOf(model.Forward({&row, 1}, cache, work, pool).logits(0)));
  }
  return hashes;
}

// One sequence without an engine, each token in a pass of its own, for as many positions as `context` has.
struct Alone {
  Written written;
  FinishReason reason = FinishReason::kContext;
  std::string error;
};

inline Alone RunAlone(const Model& model, const Request& request, uint32_t sibling, size_t context) {
  ThreadPool pool(1);
  KvCache cache(KvShapeOf(model.config(), kernel::KvType::kF16), context);
  Workspace work(model.config(), 1, 1, 1, context);
  SequenceState state(request.seed, sibling, request.prompt);
  const SequenceId id = cache.Open();
  Alone alone;
  try {
    for (size_t at = 0; at < context; ++at) {
      const bool draws = at + 1 == state.tokens().size();
      const Row row{id, state.tokens()[at], draws};
      const LogitRows logits = model.Forward({&row, 1}, cache, work, pool);
      if (!draws) continue;
      const Choice choice = request.chain->Sample({logits.logits(0), logits.group_maxima(0)}, state);
      alone.written.Add(choice.token, logits.logits(0));
      if (std::ranges::binary_search(request.end_tokens, choice.token)) {
        alone.reason = FinishReason::kStop;
        return alone;
      }
      if (alone.written.ids.size() == request.max_tokens) {
        alone.reason = FinishReason::kLength;
        return alone;
      }
    }
  } catch (const Error& error) {
    alone.reason = FinishReason::kError;
    alone.error = error.what();
  }
  return alone;
}

}  // namespace sheepop::testing
