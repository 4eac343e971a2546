// The one reader of numbers and lists written by people and programs: flags, fields of JSON, keys of TOML, variables of
// the environment. Strict: all of the text is the number, in decimal; no spaces, no sign but a minus, no empty element.
//
// Every refusal is a kInvalidArgument that names the thing ("--top-k"), the text and what is allowed:
//   --top-k is "0x10", must be a whole number, at least 0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

// As many as anybody counts: the bound of a count that has none of its own. Help texts say "at least LOW" for it.
inline constexpr double kMostCounted = 2147483647;

// The bounds of a number, both inclusive.
struct Bounds {
  double low = 0;
  double high = 0;
  bool open = false;  // help texts leave `high` out; who goes beyond it is told

  bool Hold(double value) const { return value >= low && value <= high; }  // false for a NaN
  std::string Text() const;                                                // "0 to 1", "at least 0"
};

constexpr Bounds Between(double low, double high) { return {low, high}; }
constexpr Bounds AtLeast(double low, double high = kMostCounted) { return {low, high, true}; }

inline constexpr Bounds kReal = {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};

// A real number; "inf" and "nan" are out of every finite bounds.
double ReadNumber(std::string_view thing, std::string_view text, const Bounds& bounds);

// A whole number. The bounds must be exact as doubles.
int64_t ReadInteger(std::string_view thing, std::string_view text, const Bounds& bounds);

// Any of the 2^64.
uint64_t ReadUnsigned(std::string_view thing, std::string_view text);

// "true" or "false".
bool ReadBool(std::string_view thing, std::string_view text);

// One of `choices`, which are separated by '|'. Suggests the nearest one.
std::string_view ReadChoice(std::string_view thing, std::string_view text, std::string_view choices);

// The parts between separators, at least one and none of them empty. They point into `text`.
std::vector<std::string_view> ReadList(std::string_view thing, std::string_view text, char separator);

// Throws unless the bounds hold.
void CheckBounds(std::string_view thing, double value, const Bounds& bounds);

// True for what can only be meant as a whole number: digits, perhaps after a minus.
bool IsDigits(std::string_view text);

// The shortest text that reads back as the same number: "0.1", "1e+20", "inf".
std::string NumberText(double value);

}  // namespace sheepop
