// How long a call goes on without asking whether it is to end.
#pragma once

#include <chrono>

namespace sheepop {

inline constexpr std::chrono::milliseconds kQuestionEvery{20};

}  // namespace sheepop
