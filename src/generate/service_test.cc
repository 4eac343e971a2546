#include "generate/service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <random>

#include "generate/test_support.h"
#include "testing/sanitized.h"

namespace sheepop {
namespace {

using testing::Alone;
using testing::Collector;
using testing::RunAlone;

constexpr size_t kContext = 48;

const std::shared_ptr<const Model>& Tiny() {
  static const auto model = testing::TinyModel("gpt2");
  return model;
}

const std::shared_ptr<const Model>& Other() {  // without learned positions, so with a context of any length
  static const auto model = testing::TinyModel("qwen2");
  return model;
}

Request MakeRequest(size_t prompt, size_t max_tokens, uint64_t seed = 1) {
  static const testing::ListVocabulary vocabulary(112);
  static const auto chain = std::make_shared<const Chain>(Chain::Build({}, vocabulary));
  Request request{.prompt = std::vector<Token>(prompt), .chain = chain, .seed = seed, .max_tokens = max_tokens};
  for (size_t i = 0; i < prompt; ++i) request.prompt[i] = static_cast<Token>((seed + i * 7) % 100);
  return request;
}

// A collector that others can wait for.
class Client {
 public:
  explicit Client(std::function<Next(Client&)> on_token = {}, std::function<void(Client&)> on_finish = {})
      : heard_([this, on_token](Collector&) { return on_token ? on_token(*this) : Next::kContinue; },
               [this, on_finish](Collector&) {
                 if (on_finish) on_finish(*this);
                 const std::lock_guard lock(mutex_);
                 done_ = true;
                 finished_.notify_all();
               }) {}

  Listener* listener() { return &heard_; }
  size_t size() const { return heard_.size(); }  // on the service's thread
  const Collector& Wait() {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return done_; });
    return heard_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable finished_;
  bool done_ = false;
  Collector heard_;
};

void ExpectAlone(const Collector& heard, const Request& request, const Model& model = *Tiny(), uint32_t sibling = 0,
                 size_t context = kContext) {
  const Alone alone = RunAlone(model, request, sibling, context);
  EXPECT_EQ(heard.finishes, 1);
  EXPECT_EQ(heard.written, alone.written);
  EXPECT_EQ(heard.reason(), alone.reason);
}

// Holds the service's thread until it is let go, so that what follows is queued together.
class Held {
 public:
  explicit Held(Service& service)
      : thread_([this, &service] {
          service.Run([this](ThreadPool&) {
            held_.set_value();
            go_.get_future().get();
          });
        }) {
    held_.get_future().get();
  }
  ~Held() {
    go_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> held_, go_;
  std::thread thread_;
};

template <typename F>
Error ErrorOf(const F& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCategory::kInternal, "");
}

TEST(Service, ManyThreadsGetWhatTheyGetAlone) {
  Service service(2);
  const ModelId model = service.Add(Tiny(), {.context = kContext, .sequences = 4, .cache_positions = 112}, 1000);
  constexpr size_t kThreads = 4, kEach = testing::kSanitized ? 10 : 40;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (size_t i = 0; i < kEach; ++i) {
        const Request request = MakeRequest(1 + random() % 40, 1 + random() % 20, random() % 50);
        const size_t leaves_at = random() % 4 ? 0 : 1 + random() % 10;
        std::atomic<bool> leaves{false};
        std::vector<std::unique_ptr<Client>> clients;
        std::vector<Listener*> listeners;
        for (size_t n = 1 + random() % 3; n > 0; --n) {
          clients.push_back(std::make_unique<Client>([&](Client& self) {
            if (self.size() == leaves_at) leaves = true;
            return Next::kContinue;
          }));
          listeners.push_back(clients.back()->listener());
        }
        const RequestId id = service.Submit(model, request, listeners);
        while (leaves_at && !leaves && service.counts(model).active > 0) std::this_thread::yield();
        if (leaves) service.Cancel(id);
        for (uint32_t n = 0; n < clients.size(); ++n) {
          const Collector& heard = clients[n]->Wait();
          const Alone alone = RunAlone(*Tiny(), request, n, kContext);
          EXPECT_EQ(heard.written, alone.written.First(heard.size()));
          if (heard.reason() != FinishReason::kInterrupt) {
            EXPECT_EQ(heard.written, alone.written);
            EXPECT_EQ(heard.reason(), alone.reason);
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(service.Drain(10));
  const ModelCounts counts = service.counts(model);
  EXPECT_EQ(counts.active, 0u);
  EXPECT_EQ(counts.waiting, 0u);
  EXPECT_EQ(counts.positions, 112u);
  EXPECT_EQ(counts.free_positions, 112u);
}

TEST(Service, ListenersMayCallIt) {
  Service service(1);
  const ModelId model = service.Add(Tiny(), {.context = kContext, .sequences = 3}, 10);
  const Request request = MakeRequest(5, 10), endless = MakeRequest(5, 40, 2);
  Client chained, victim;
  std::optional<RequestId> cancelled;
  Client first(
      [&](Client& self) {
        if (self.size() == 4) service.Cancel(*cancelled);
        EXPECT_EQ(service.counts(model).positions, 3 * kContext);
        return Next::kContinue;
      },
      [&](Client&) { service.Submit(model, request, {chained.listener()}); });
  {
    const Held held(service);
    service.Submit(model, request, {first.listener()});
    cancelled = service.Submit(model, endless, {victim.listener()});
  }
  ExpectAlone(first.Wait(), request);
  ExpectAlone(chained.Wait(), request);
  EXPECT_EQ(victim.Wait().reason(), FinishReason::kInterrupt);
  EXPECT_EQ(victim.Wait().size(), 3u) << "it was cancelled before its draw of that step";
}

TEST(Service, ErrorsAreOfOneRequest) {
  Service service(1);
  const ModelId model = service.Add(Tiny(), {.context = kContext, .sequences = 3}, 10);
  const Request request = MakeRequest(5, 10);
  Client bad([](Client& self) -> Next {
    if (self.size() == 2) throw Error(ErrorCategory::kIo, "gone");
    return Next::kContinue;
  });
  Client good;
  service.Submit(model, request, {bad.listener()});
  service.Submit(model, request, {good.listener()});
  EXPECT_EQ(bad.Wait().message(), "gone");
  ExpectAlone(good.Wait(), request);
}

TEST(Service, ModelsAndRequestsAreCountedFromZero) {
  Service service(1);
  for (uint64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(service.Add(Tiny(), {.context = kContext}, 10), static_cast<ModelId>(i));
  }
  Client clients[3];
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(service.Submit(static_cast<ModelId>(i % 2), MakeRequest(5, 2), {clients[i].listener()}), RequestId{i});
  }
  for (Client& client : clients) ExpectAlone(client.Wait(), MakeRequest(5, 2));
}

TEST(Service, RefusesWhatDoesNotFitAtOnceAndWhatFindsNoRoomNow) {
  Service service(1);
  const ModelId model = service.Add(Tiny(), {.context = kContext, .sequences = 2}, 3);
  Client clients[6];
  const Error never = ErrorOf([&] { service.Submit(model, MakeRequest(48, 1), {clients[0].listener()}); });
  EXPECT_EQ(never.category(), ErrorCategory::kLimit);
  EXPECT_STREQ(never.what(),
               "the prompt has 48 tokens, the context holds 48 with the answer; shorten it or use a larger --context");
  const Request request = MakeRequest(5, 10);
  {
    const Held held(service);
    for (int i = 0; i < 5; ++i) service.Submit(model, request, {clients[i].listener()});
    const Error busy = ErrorOf([&] { service.Submit(model, request, {clients[5].listener()}); });
    EXPECT_EQ(busy.category(), ErrorCategory::kBusy);
    EXPECT_STREQ(busy.what(), "3 requests wait already, the queue holds 3; try again later");
    EXPECT_EQ(service.counts(model).waiting, 5u);
  }
  for (int i = 0; i < 5; ++i) ExpectAlone(clients[i].Wait(), request);
  service.Submit(model, request, {clients[5].listener()});
  ExpectAlone(clients[5].Wait(), request);
}

TEST(Service, DrainLetsFinishWhatFinishesInTime) {
  Service service(1);
  const ModelId model = service.Add(Tiny(), {.context = kContext, .sequences = 1}, 10);
  const Request request = MakeRequest(5, 20);
  Client a, b, late;
  service.Submit(model, request, {a.listener()});
  service.Submit(model, request, {b.listener()});
  EXPECT_TRUE(service.Drain(60));
  ExpectAlone(a.Wait(), request);
  ExpectAlone(b.Wait(), request);
  EXPECT_EQ(ErrorOf([&] { service.Submit(model, request, {late.listener()}); }).category(),
            ErrorCategory::kInterrupted);
  EXPECT_TRUE(service.Drain(0));
}

TEST(Service, DrainCancelsWhatDoesNot) {
  Service service(1);
  const ModelId model = service.Add(Other(), {.context = 1 << 20, .sequences = 1, .cache_positions = 1 << 15}, 10);
  Client endless, waits;
  service.Submit(model, MakeRequest(5, SIZE_MAX), {endless.listener()});
  service.Submit(model, MakeRequest(5, SIZE_MAX), {waits.listener()});
  EXPECT_FALSE(service.Drain(0.02));
  EXPECT_EQ(endless.Wait().reason(), FinishReason::kInterrupt);
  EXPECT_EQ(waits.Wait().reason(), FinishReason::kInterrupt);
  EXPECT_EQ(service.counts(model).active, 0u);
  EXPECT_EQ(service.counts(model).free_positions, size_t{1} << 15);
}

TEST(Service, ItsEndCancelsWhatIsLeft) {
  Client endless, waits;
  {
    Service service(1);
    const ModelId model = service.Add(Other(), {.context = 1 << 15, .sequences = 1}, 10);
    service.Submit(model, MakeRequest(5, SIZE_MAX), {endless.listener()});
    service.Submit(model, MakeRequest(5, SIZE_MAX), {waits.listener()});
    service.Cancel(RequestId{77});  // never was
  }
  EXPECT_EQ(endless.Wait().reason(), FinishReason::kInterrupt);
  EXPECT_EQ(waits.Wait().reason(), FinishReason::kInterrupt);
}

TEST(Service, RunsWorkWithThePoolBetweenSteps) {
  Service service(2);
  std::thread::id thread;
  service.Run([&](ThreadPool& pool) {
    thread = std::this_thread::get_id();
    EXPECT_EQ(pool.threads(), 2u);
  });
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(ErrorOf([&] { service.Run([](ThreadPool&) { throw Error(ErrorCategory::kIo, "no file"); }); }).category(),
            ErrorCategory::kIo);
}

// Two models share the pool, a step each in turn; one of them is exchanged while streams go on.
TEST(Service, SeveralModelsStepInTurnAndMayBeExchanged) {
  Service service(1);
  const ModelId a = service.Add(Tiny(), {.context = kContext, .sequences = 2}, 10);
  const ModelId b = service.Add(Other(), {.context = kContext, .sequences = 2}, 10);
  const Request request = MakeRequest(5, 30);
  std::string order;
  const auto mark = [&](char name) {
    return [&order, name](Client&) {
      order += name;
      return Next::kContinue;
    };
  };
  Client on_a(mark('a')), on_b(mark('b')), refused, on_new;
  {
    const Held held(service);
    service.Submit(a, request, {on_a.listener()});
    service.Submit(b, request, {on_b.listener()});
    service.Remove(a);
    EXPECT_EQ(ErrorOf([&] { service.Submit(a, request, {refused.listener()}); }).category(), ErrorCategory::kNotFound);
    service.Submit(service.Add(Tiny(), {.context = kContext}, 10), request, {on_new.listener()});
  }
  ExpectAlone(on_a.Wait(), request);
  ExpectAlone(on_b.Wait(), request, *Other());
  ExpectAlone(on_new.Wait(), request);
  std::string expected;
  for (int i = 0; i < 30; ++i) expected += "ab";
  EXPECT_EQ(order, expected);
  EXPECT_EQ(ErrorOf([&] { service.counts(a); }).category(), ErrorCategory::kNotFound);
}

// A stream gets a token in every step, so its tokens count the steps.
TEST(Service, ALongPromptHoldsUpNeitherStreamsNorShortPrompts) {
  constexpr size_t kLong = 4000, kChunk = 256;
  Service service(1);
  const ModelId model = service.Add(Other(), {.context = 4300, .sequences = 4, .prefill_chunk = kChunk}, 10);
  Client long_prompt, short_prompt;
  size_t steps = 0, long_came = 0, long_wrote = 0, short_came = 0, short_wrote = 0;
  const auto first = [&](size_t& wrote) {
    return [&](Client& self) {
      if (self.size() == 1) wrote = steps;
      return Next::kContinue;
    };
  };
  Client reads(first(long_wrote)), asks(first(short_wrote));
  Client stream([&](Client&) {
    ++steps;
    if (steps == 5) {
      long_came = steps;
      service.Submit(model, MakeRequest(kLong, 2, 3), {reads.listener()});
    }
    if (steps == 10) {
      short_came = steps;
      service.Submit(model, MakeRequest(50, 2, 4), {asks.listener()});
    }
    return long_wrote && short_wrote ? Next::kStop : Next::kContinue;
  });
  service.Submit(model, MakeRequest(5, 200), {stream.listener()});
  stream.Wait();
  ExpectAlone(asks.Wait(), MakeRequest(50, 2, 4), *Other(), 0, 4300);
  EXPECT_EQ(reads.Wait().size(), 2u);
  EXPECT_GE(long_wrote - long_came, kLong / kChunk) << "every chunk of the long prompt lies between two tokens";
  EXPECT_LE(long_wrote - long_came, kLong / kChunk + 2) << "the short prompt takes one step of it";
  EXPECT_LE(short_wrote - short_came, 3u) << "alone it takes one";
}

}  // namespace
}  // namespace sheepop
