#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <cassert>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/quoted.h"
#include "checkpoint/safetensors.h"

namespace sheepop {
namespace {

namespace json = boost::json;

AppendOrder CheckedOrder(std::vector<TensorSpec> tensors) {
  std::vector<uint64_t> sizes;
  std::unordered_set<std::string_view> names = {"__metadata__"};
  for (const TensorSpec& tensor : tensors) {
    const auto fail = [&](std::string_view what) {
      throw Error(ErrorCategory::kInvalidArgument, "tensor {} cannot be written as safetensors: {}",
                  Quoted(tensor.name), what);
    };
    if (Info(tensor.type).quantised) {
      fail(fmt::format("the format has no type {}; write F32, F16 or BF16", Info(tensor.type).name));
    }
    const std::optional<uint64_t> size = ByteCount(tensor.type, tensor.shape);
    if (!size) fail(fmt::format("its shape {} is empty or too large", ShapeText(tensor.shape)));
    if (!names.insert(tensor.name).second) fail("its name is reserved or appears twice");
    sizes.push_back(*size);
  }
  return {std::move(tensors), std::move(sizes)};
}

std::string Header(const AppendOrder& order, const std::map<std::string, std::string>& metadata) {
  json::object header;
  if (!metadata.empty()) {
    json::object& texts = header["__metadata__"].emplace_object();
    for (const auto& [key, text] : metadata) texts[key] = text;
  }
  uint64_t offset = 0;
  for (size_t i = 0; i < order.tensors().size(); ++i) {
    const TensorSpec& tensor = order.tensors()[i];
    const uint64_t end = offset + order.sizes()[i];
    header[tensor.name] = {{"dtype", std::string(Info(tensor.type).name)},
                           {"shape", json::value_from(tensor.shape)},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json::serialize(header);
  text.append(7 - (text.size() + 7) % 8, ' ');
  return text;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(std::filesystem::path path, std::vector<TensorSpec> tensors,
                                     const std::map<std::string, std::string>& metadata)
    : order_(CheckedOrder(std::move(tensors))), file_(std::move(path)) {
  const std::string header = Header(order_, metadata);
  const uint64_t size = header.size();
  file_.Write(std::as_bytes(std::span(&size, 1)));
  file_.Write(header);
}

void SafetensorsWriter::Append(std::string_view tensor, std::span<const std::byte> bytes) {
  file_.Write(bytes);
  order_.Advance(tensor, bytes.size());
}

void SafetensorsWriter::Commit() {
  assert(order_.complete());
  file_.Commit();
}

}  // namespace sheepop
