// For tests: what a call throws.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheepop {

template <typename Call>
std::optional<Error> ErrorOf(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// Expects an Error of `category` whose message holds every part.
template <typename Call>
void ExpectError(const Call& call, ErrorCategory category, std::initializer_list<std::string_view> parts) {
  const std::optional<Error> error = ErrorOf(call);
  ASSERT_TRUE(error) << "must throw, with a message that holds " << *parts.begin();
  EXPECT_EQ(error->category(), category) << error->what();
  for (std::string_view part : parts) {
    EXPECT_NE(std::string_view(error->what()).find(part), std::string_view::npos)
        << "\"" << error->what() << "\" lacks \"" << part << "\"";
  }
}

}  // namespace sheepop
