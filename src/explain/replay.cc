#include "explain/replay.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "generate/request.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// Compares one sequence as it is written, up to its first difference.
class Verifier final : public Listener {
 public:
  Verifier(size_t index, const CapsuleSequence& recorded) : index_(index), recorded_(recorded) {}

  Next OnToken(const Choice& choice, std::span<const float> logits) override {
    if (step_ == recorded_.ids.size()) return Next::kStop;
    std::string digest = LogitsDigest(logits);
    if (choice.token != recorded_.ids[step_] || digest != recorded_.digests[step_]) {
      difference_ = {index_, step_, recorded_.ids[step_], choice.token, recorded_.digests[step_], std::move(digest)};
      return Next::kStop;
    }
    ++step_;
    return step_ == recorded_.ids.size() ? Next::kStop : Next::kContinue;
  }
  void OnFinish(const Finish& finish) override { finish_ = finish; }

  size_t steps() const { return step_; }
  const Finish& finish() const { return finish_.value(); }
  bool complete() const { return step_ == recorded_.ids.size(); }
  const std::optional<ReplayDifference>& difference() const { return difference_; }

 private:
  size_t index_;
  const CapsuleSequence& recorded_;
  size_t step_ = 0;
  std::optional<ReplayDifference> difference_;
  std::optional<Finish> finish_;
};

}  // namespace

ReplayVerdict ReplayCapsule(const Capsule& capsule, const LoadedModel& loaded, ThreadPool& pool,
                            const std::function<bool()>& interrupted) {
  ReplayVerdict verdict;
  verdict.isa = Name(loaded.model->isa());
  verdict.same_model = ModelSha256(loaded.path) == capsule.model_sha256;
  verdict.same_tokenizer = TokenizerSha256(*loaded.tokenizer) == capsule.tokenizer_sha256;
  RequestOptions asked;
  asked.sampling = capsule.sampling;
  asked.sampling.seed = capsule.seed;
  asked.max_tokens = 0;
  asked.ignore_end = true;
  std::vector<Verifier> verifiers;
  std::vector<Listener*> listeners;
  verifiers.reserve(capsule.sequences.size());
  for (const CapsuleSequence& sequence : capsule.sequences) {
    listeners.push_back(&verifiers.emplace_back(verifiers.size(), sequence));
    asked.max_tokens = std::max(asked.max_tokens, sequence.ids.size());
  }
  EngineOptions options = capsule.engine;
  options.sequences = listeners.size();
  Engine engine(loaded.model, options, pool);
  engine.Submit(MakeRequest(loaded, asked, capsule.prompt), listeners);
  while (engine.Step()) {
    if (interrupted && interrupted())
      throw Error(ErrorCategory::kInterrupted, "stopped before the end of the comparison");
  }
  for (const Verifier& verifier : verifiers) {
    verifier.finish().Check();
    verdict.steps += verifier.steps();
    if (verifier.difference() && (!verdict.difference || verifier.difference()->step < verdict.difference->step)) {
      verdict.difference = verifier.difference();
    }
    if (verifier.complete() || verifier.difference()) continue;
    throw Error(ErrorCategory::kLimit, "the context ended after {} tokens; the capsule has more", verifier.steps());
  }
  return verdict;
}

json::object ReplayJson(const Capsule& capsule, const ReplayVerdict& verdict) {
  json::object out{{"same", verdict.same()},
                   {"steps", verdict.steps},
                   {"same_model", verdict.same_model},
                   {"same_tokenizer", verdict.same_tokenizer},
                   {"build", {{"recorded", capsule.build}, {"here", ThisBuild()}}},
                   {"isa", {{"recorded", capsule.isa}, {"here", verdict.isa}}},
                   {"difference", nullptr}};
  if (verdict.difference) {
    const ReplayDifference& found = *verdict.difference;
    out["difference"] = {{"sequence", found.sequence},
                         {"step", found.step},
                         {"position", capsule.prompt.size() + found.step},
                         {"id", {{"recorded", found.recorded}, {"here", found.found}}},
                         {"logits", {{"recorded", found.recorded_logits}, {"here", found.found_logits}}}};
  }
  return out;
}

}  // namespace sheepop
