// Names by number, on disk: a corpus has more documents than memory should hold names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/blob.h"

namespace sheepop {

class NameTable {
 public:
  explicit NameTable(WorkFolder& work);
  ~NameTable();
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;

  void Add(std::string_view name);         // gets the next number, from 0
  std::string Get(uint64_t number) const;  // one that was added

 private:
  void Append(int fd, std::string_view bytes, uint64_t at) const;
  std::string ReadAt(int fd, uint64_t at, size_t size) const;

  int names_fd_, places_fd_;
  uint64_t names_bytes_ = 0, count_ = 0;
};

}  // namespace sheepop
