// A profile reproduces another system's order of steps, defaults and scopes, so that the same flags mean what they mean
// there. The conformance test holds the evidence.
#pragma once

#include <span>
#include <string_view>

#include "sample/options.h"

namespace sheepop {

struct Profile {
  std::string_view name;
  std::string_view summary;                 // for the help text
  std::span<const std::string_view> order;  // names of steps, first to last; those of kSteps that it leaves out follow
  SamplingOptions defaults;
};

std::span<const Profile> Profiles();

// Throws kInvalidArgument with the known names.
const Profile& ProfileNamed(std::string_view name);

// Throws kInvalidArgument for an unknown profile, or a value that the profile's system refuses.
void CheckProfile(const SamplingOptions& options);

}  // namespace sheepop
