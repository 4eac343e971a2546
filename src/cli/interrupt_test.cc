#include "cli/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace sheepop::cli {
namespace {

class InterruptTest : public ::testing::Test {
 protected:
  InterruptTest() { EXPECT_EQ(::pipe(pipe_), 0); }
  ~InterruptTest() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  int input() const { return pipe_[0]; }
  void Write() const { EXPECT_EQ(::write(pipe_[1], "x", 1), 1); }

 private:
  int pipe_[2];
};

TEST_F(InterruptTest, ASignalThatCameBeforeTheWaitEndsIt) {
  const InterruptGuard guard;
  std::raise(SIGINT);
  EXPECT_FALSE(guard.WaitFor(input()));
  EXPECT_TRUE(guard.interrupted());
  EXPECT_FALSE(guard.terminated());
}

TEST_F(InterruptTest, ASignalThatAnotherThreadTakesEndsTheWait) {
  const InterruptGuard guard;
  std::thread other([] { std::raise(SIGTERM); });
  EXPECT_FALSE(guard.WaitFor(input()));
  other.join();
  EXPECT_TRUE(guard.terminated());
}

TEST_F(InterruptTest, InputEndsTheWait) {
  const InterruptGuard guard;
  Write();
  EXPECT_TRUE(guard.WaitFor(input()));
}

TEST_F(InterruptTest, AfterRearmTheNextSignalIsTheFirst) {
  InterruptGuard guard;
  std::raise(SIGINT);
  guard.Rearm();
  EXPECT_FALSE(guard.interrupted());
  Write();
  EXPECT_TRUE(guard.WaitFor(input()));
  std::raise(SIGINT);
  EXPECT_FALSE(guard.WaitFor(input()));
}

TEST_F(InterruptTest, RearmKeepsSigterm) {
  InterruptGuard guard;
  std::raise(SIGTERM);
  guard.Rearm();
  EXPECT_TRUE(guard.terminated());
}

TEST_F(InterruptTest, AnInnerGuardForgetsNothingAndTakesNothingAway) {
  const InterruptGuard outer;
  {
    const InterruptGuard inner;
  }
  std::raise(SIGINT);
  {
    const InterruptGuard inner;
    EXPECT_TRUE(inner.interrupted());
  }
  EXPECT_TRUE(outer.interrupted());
}

TEST(InterruptDeathTest, TheSecondSignalEndsTheProcessBehindWhatRestores) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto twice = [] {
    SetBeforeDeath([] { [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, "restored", 8); });
    const InterruptGuard guard;
    std::raise(SIGINT);
    std::raise(SIGINT);
  };
  EXPECT_EXIT(twice(), ::testing::KilledBySignal(SIGINT), "restored");
}

}  // namespace
}  // namespace sheepop::cli
