// The marks of calls, out of texts in which their names and values are known.
#pragma once

#include <string>
#include <string_view>

#include "generate/chat_row.h"

namespace sheepop::probe {

// What the probes' calls hold. The values are such that every form writes them as they are.
inline constexpr std::string_view kName = "probe_fn";
inline constexpr std::string_view kIds[] = {"probe0001", "probe0002"};
inline constexpr std::string_view kFirstKey = "pk_a_text", kLastKey = "pk_f_last";
inline constexpr std::string_view kFirstValue = "pvFirst", kLastValue = "pvLast";
inline constexpr std::string_view kQuestion = "pvQuestion", kContent = "pvContent", kThought = "pvThought";
// JSON.
inline constexpr std::string_view kArguments =
    R"({"pk_a_text": "pvFirst", "pk_b_count": 4711, "pk_c_flag": true, "pk_d_deep": {"pk_in": "pvIn"},)"
    R"( "pk_e_list": ["pvItem"], "pk_f_last": "pvLast"})";

// `one`: an answer of one call, from the call's first mark to its last; `two`: of two such calls, empty where the template
// writes no second one. Fills the calls' part of `row`; false where no known form of arguments is in them.
bool FindCalls(std::string_view one, std::string_view two, ChatRow& row);

// Where the first name stands behind which arguments in a known form follow; npos where none do.
size_t FirstName(std::string_view text);

// Where the last mark begins that is not closed: <...> or [NAME]; the text's size where there is none.
size_t BegunMark(std::string_view text);

}  // namespace sheepop::probe
