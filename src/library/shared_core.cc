#include "library/shared_core.h"

#include <chrono>
#include <ctime>
#include <future>
#include <limits>
#include <utility>

#include "base/cpu.h"
#include "base/error.h"
#include "hub/models.h"
#include "library/model_answer.h"
#include "library/wait.h"

namespace sheepop {
namespace {

ServeOptions ServedLike(const EngineOptions& engine) {
  ServeOptions options;
  options.sequences = engine.sequences;
  options.queue = std::numeric_limits<size_t>::max();  // its clients are threads of one program: they wait themselves
  return options;
}

ModelFacts FactsOf(const ServedModel& model) {
  const LoadedModel& loaded = model.loaded;
  ModelFacts facts{.name = model.name,
                   .path = loaded.path.string(),
                   .context = model.context,
                   .vocabulary = loaded.vocabulary->size(),
                   .width = loaded.model->config().hidden,
                   .chat = model.chat.has_value(),
                   .warnings = {}};
  for (const Warning& warning : loaded.Warnings()) facts.warnings.push_back(warning.line);
  return facts;
}

}  // namespace

SharedModel::Core::Core(const std::string& path_or_name, const OpenOptions& open, const EngineOptions& engine)
    : options(ServedLike(engine)),
      service(open.threads ? open.threads : PhysicalCores()),
      registry(service, options, engine, AvailableIsas().back(), SamplingOptions().profile),
      hearing{[this](std::function<void()> work) { loop.Post(std::move(work)); },
              [this](double seconds, std::function<void()> work) { loop.After(seconds, std::move(work)); }} {
  const std::filesystem::path path = FindModel(path_or_name);
  model = registry.Open(ModelName(path), path);
  facts = FactsOf(*model);
  thread = std::thread([this] { loop.Run(); });
}

// What generations have posted is run before the thread ends, so that none of them outlives the service.
SharedModel::Core::~Core() {
  service.Drain(0);
  loop.Post([this] { loop.Stop(); });
  thread.join();
  loop.Clear();
}

void SharedModel::Core::Run(const std::function<void(ThreadPool&, const std::atomic<bool>&)>& work,
                            const InterruptQuestion& interrupted) const {
  std::atomic<bool> stop{false};
  std::future<void> done =
      std::async(std::launch::async, [&] { service.Run([&](ThreadPool& pool) { work(pool, stop); }); });
  do {
    if (interrupted && interrupted()) stop = true;
  } while (done.wait_for(kQuestionEvery) != std::future_status::ready);
  done.get();
  if (stop) throw Error(ErrorCategory::kInterrupted, "the run was interrupted");
}

ModelAnswer SharedModel::Core::Start(std::shared_ptr<const Core> core, Parsed parsed) {
  parsed.ask.stream = true;  // every piece is told
  auto parts = std::make_unique<ModelAnswer::Parts>();
  parts->heard = std::make_shared<HeardAnswer>(parsed.ask, std::move(parsed.dialect));
  parts->run = GenerationRun::Start(core->service, std::move(parsed.ask), parts->heard, core->hearing);
  parts->core = std::move(core);
  return ModelAnswer(std::move(parts));
}

RequestContext SharedModel::Core::Context() const {
  return {.models = registry, .unknown = UnknownFields::kRefuse, .now = std::time(nullptr)};
}

}  // namespace sheepop
