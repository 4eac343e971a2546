// A document that somebody hands to the page: read by `sheepop ingest` in a limited child process.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace sheepop {

inline constexpr size_t kMostUploadBytes = 32u << 20;
inline constexpr size_t kMostTextBytes = 2 * kMostUploadBytes;  // that a packed document may become

// {"text", "format", "taken", "notes": [...]}: the text of all documents in it, as Markdown where its format has
// structure; what its reader calls the format; how much was taken, in words; and what was changed or missed. `name`: the
// file's, of which the reader uses the ending. `program`: of sheepop. Takes seconds to minutes. Throws ApiError: 413 past
// kMostUploadBytes or kMostTextBytes, 422 for a document that cannot be read, with the reader's reason; kInterrupted soon after `unwanted`
// has become true.
boost::json::object ReadUpload(const std::filesystem::path& program, std::string_view name, std::string_view bytes,
                               const std::function<bool()>& unwanted);

}  // namespace sheepop
