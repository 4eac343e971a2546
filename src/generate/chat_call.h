// One call of an answer, byte by byte.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generate/chat_arguments.h"
#include "generate/chat_row.h"

namespace sheepop {

// Takes the bytes behind a call's opening mark and says as early as it is certain which function is called, and then its
// arguments piece by piece.
class CallReader {
 public:
  enum class Step {
    kMore,
    kDone,        // with this byte
    kDoneBefore,  // the call ended before it
    kBroken,      // no call goes on so
  };

  virtual ~CallReader() = default;
  virtual Step Push(char byte) = 0;

  bool begun() const { return begun_; }  // the name is known and the arguments have begun
  const std::string& name() const { return name_; }
  const std::string& id() const { return id_; }
  std::string TakeArguments() { return std::exchange(arguments_, {}); }

 protected:
  bool begun_ = false;
  std::string name_, id_;
  std::string arguments_;
};

// `parts`: the call behind what has been read of it. `skip`: what of the first mark is still to come, without white space.
std::unique_ptr<CallReader> ReadParts(const ChatRow& row, std::vector<CallPart> parts, std::string skip,
                                      const ToolSchemas& tools);
// A call that is a JSON object with members in any order, up to its closing brace. `skip` as above.
std::unique_ptr<CallReader> ReadObject(const ChatRow& row, std::string skip, const ToolSchemas& tools);

// Of the mark behind the last argument, without white space, as much as tells it from the mark of a further one.
std::string PairsEnd(const PairMarks& pairs, std::string_view mark);

// A name of a function as it may be called.
inline constexpr size_t kMostName = 256;

}  // namespace sheepop
