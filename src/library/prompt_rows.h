// What the model makes of prompts, position by position, without writing anything.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "include/sheepop/shared_model.h"
#include "library/shared_core.h"

namespace sheepop {

// Called on the service's thread with each row of a prompt, by its number.
using OnRow = std::function<void(size_t prompt, const PromptRow& row)>;

// Runs the prompts, as many at once as the model runs. Throws what Service::Submit throws, an error of a prompt, and
// kInterrupted. `interrupted` must not throw.
void RunPrompts(const SharedModel::Core& core, std::span<const std::vector<Token>> prompts, const OnRow& on_row,
                const InterruptQuestion& interrupted);

}  // namespace sheepop
