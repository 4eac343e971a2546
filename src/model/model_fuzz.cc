// The tiny models of tests/data/tiny, changed as the input says: keys that lie, are gone or are of another type, tensors of
// other shapes, types and names. What is not refused by name is loaded and run. Run from the repository's root.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf_writer.h"
#include "model/model.h"
#include "model/weight_bytes.h"

namespace {

namespace fs = std::filesystem;
using namespace sheepop;
using Type = Metadata::GgufType;

constexpr size_t kMostBytes = 4 << 20;  // of a tensor, and of what a model may take
constexpr size_t kMostChanges = 6;

struct Tensor {
  DType type;
  std::vector<uint64_t> shape;
  std::vector<std::byte> bytes;
};

struct File {
  Metadata metadata;
  std::map<std::string, Tensor> tensors;
};

std::vector<File> ReadTiny() {
  std::vector<fs::path> paths;
  const fs::path folder = "tests/data/tiny";
  if (fs::exists(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (fs::exists(entry.path() / "model.gguf")) paths.push_back(entry.path() / "model.gguf");
    }
  }
  if (paths.empty()) {
    std::fputs("model_fuzz: no tests/data/tiny here; run it from the repository's root\n", stderr);
    std::abort();
  }
  std::ranges::sort(paths);
  std::vector<File> files;
  for (const fs::path& path : paths) {
    const Checkpoint checkpoint = Checkpoint::Open(path);
    File file{checkpoint.gguf()->metadata(), {}};
    for (const TensorInfo& tensor : checkpoint.tensors().tensors()) {
      file.tensors[tensor.name] = {tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()}};
    }
    files.push_back(std::move(file));
  }
  return files;
}

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  size_t Byte() { return empty() ? 0 : data_[at_++]; }
  size_t Below(size_t bound) { return bound == 0 ? 0 : (Byte() << 8 | Byte()) % bound; }
  uint64_t Number(uint64_t now) {
    constexpr uint64_t kNumbers[] = {0,     1,          2,          3,          5,          7,          8,
                                     16,    17,         31,         32,         64,         255,        256,
                                     65535, 1ULL << 31, 1ULL << 32, 1ULL << 40, 1ULL << 63, UINT64_MAX, UINT32_MAX};
    const size_t which = Byte();
    if (which < std::size(kNumbers)) return kNumbers[which];
    switch (which % 5) {
      case 0: return now + 1;
      case 1: return now - 1;
      case 2: return now * 2;
      case 3: return now / 2;
      default: return which;
    }
  }
  double Real(double now) {
    constexpr double kNumbers[] = {0, 1, -1, 0.5, 1e-30, 1e30, 1e300};
    const size_t which = Byte();
    if (which < std::size(kNumbers)) return kNumbers[which];
    if (which == 7) return std::numeric_limits<double>::quiet_NaN();
    if (which == 8) return std::numeric_limits<double>::infinity();
    return which % 2 == 0 ? -now : now * static_cast<double>(which);
  }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
};

template <typename T, typename Other>
void ChangeList(std::vector<T>& list, Input& input, const Other& other) {
  switch (input.Byte() % 4) {
    case 0: list.clear(); break;
    case 1: list.resize(list.size() / 2); break;
    case 2:
      if (!list.empty()) list.push_back(list.back());
      break;
    default:
      if (!list.empty()) {
        T& one = list[input.Below(list.size())];
        one = other(one);
      }
  }
}

void ChangeValue(Metadata& metadata, const std::string& key, Input& input) {
  Metadata::Entry entry = *metadata.Find(key);
  const auto number = [&](auto now) { return static_cast<decltype(now)>(input.Number(static_cast<uint64_t>(now))); };
  if (auto* flag = std::get_if<bool>(&entry.value)) *flag = !*flag;
  if (auto* whole = std::get_if<int64_t>(&entry.value)) *whole = number(*whole);
  if (auto* whole = std::get_if<uint64_t>(&entry.value)) *whole = number(*whole);
  if (auto* real = std::get_if<double>(&entry.value)) *real = input.Real(*real);
  if (auto* text = std::get_if<std::string>(&entry.value)) text->resize(input.Below(text->size() + 1));
  if (auto* list = std::get_if<std::vector<uint8_t>>(&entry.value))
    ChangeList(*list, input, [](uint8_t b) { return static_cast<uint8_t>(b ^ 1U); });
  if (auto* list = std::get_if<std::vector<int64_t>>(&entry.value)) ChangeList(*list, input, number);
  if (auto* list = std::get_if<std::vector<uint64_t>>(&entry.value)) ChangeList(*list, input, number);
  if (auto* list = std::get_if<std::vector<double>>(&entry.value))
    ChangeList(*list, input, [&](double now) { return input.Real(now); });
  metadata.Set(key, entry.type, entry.value);
}

// A number becomes a list of them, one a layer or not.
void ToList(Metadata& metadata, const std::string& key, Input& input) {
  const Metadata::Entry entry = *metadata.Find(key);
  const size_t size = input.Byte() % 8;
  if (const auto* whole = std::get_if<uint64_t>(&entry.value)) {
    std::vector<uint64_t> list;
    for (size_t i = 0; i < size; ++i) list.push_back(input.Number(*whole));
    metadata.Set(key, entry.type, list);
  } else if (const auto* real = std::get_if<double>(&entry.value)) {
    metadata.Set(key, entry.type, std::vector<double>(size, input.Real(*real)));
  }
}

std::string SomeKey(const Metadata& metadata, Input& input) {
  std::vector<std::string> keys;
  for (const auto& entry : metadata.entries()) {
    if (!entry.key.starts_with("tokenizer.")) keys.push_back(entry.key);
  }
  return keys.empty() ? "" : keys[input.Below(keys.size())];
}

// The bytes follow the type and the shape; false where they cannot.
bool Refill(Tensor& tensor) {
  const auto bytes = ByteCount(tensor.type, tensor.shape);
  if (!bytes || *bytes > kMostBytes) return false;
  const size_t had = tensor.bytes.size();
  tensor.bytes.resize(*bytes);
  for (size_t i = had; had > 0 && i < tensor.bytes.size(); ++i) tensor.bytes[i] = tensor.bytes[i % had];
  return true;
}

void ChangeTensor(File& file, Input& input) {
  if (file.tensors.empty()) return;
  auto at = std::next(file.tensors.begin(), static_cast<ptrdiff_t>(input.Below(file.tensors.size())));
  Tensor changed = at->second;
  switch (input.Byte() % 8) {
    case 0: file.tensors.erase(at); return;
    case 1: {
      auto other = std::next(file.tensors.begin(), static_cast<ptrdiff_t>(input.Below(file.tensors.size())));
      std::swap(at->second, other->second);
      return;
    }
    case 2: {
      uint64_t& size = changed.shape[input.Below(changed.shape.size())];
      size = input.Number(size);
      break;
    }
    case 3: changed.shape.insert(changed.shape.begin(), 1 + input.Byte() % 4); break;
    case 4:
      if (changed.shape.size() > 1) changed.shape.erase(changed.shape.begin());
      break;
    case 5: changed.type = DTypes()[input.Below(DTypes().size())]; break;
    case 6: {
      const size_t dot = at->first.rfind('.');
      constexpr const char* kEnds[] = {".scale", ".input_scale", ".bias", ".weight"};
      const std::string name = at->first.substr(0, dot) + kEnds[input.Byte() % 4];
      Tensor scale{DType::kF32, {1 + input.Byte() % 5}, {}};
      scale.bytes.resize(scale.shape[0] * sizeof(float), std::byte{0x3e});
      file.tensors[name] = std::move(scale);
      return;
    }
    default:
      for (std::byte& byte : changed.bytes) byte = static_cast<std::byte>(input.Byte() | 1U);
  }
  if (changed.shape.size() > 4 || !Refill(changed)) return;
  at->second = std::move(changed);
}

void Change(File& file, Input& input) {
  const size_t what = input.Byte() % 6;
  if (what >= 3) return ChangeTensor(file, input);
  const std::string key = SomeKey(file.metadata, input);
  if (key.empty()) return;
  if (what == 0) ToList(file.metadata, key, input);
  if (what == 1) ChangeValue(file.metadata, key, input);
  if (what == 2) file.metadata.Remove(key);
}

fs::path Write(const File& file) {
  static const fs::path path = [] {
    const fs::path memory = "/dev/shm";
    return (fs::exists(memory) ? memory : fs::temp_directory_path()) /
           ("sheepop_model_fuzz_" + std::to_string(::getpid()) + ".gguf");
  }();
  std::vector<TensorSpec> specs;
  for (const auto& [name, tensor] : file.tensors) specs.push_back({name, tensor.type, tensor.shape});
  GgufWriter writer(path, file.metadata, std::move(specs));
  for (const auto& [name, tensor] : file.tensors) writer.Append(name, tensor.bytes);
  writer.Commit();
  return path;
}

void RunSome(const fs::path& path, Isa isa) {
  static ThreadPool pool(1);
  constexpr size_t kRows = 5, kContext = 24;
  const auto model = Model::Load(Checkpoint::Open(path), {.context = kContext, .isa = isa}, pool);
  const ModelConfig& config = model->config();
  KvCache cache(KvShapeOf(config, kernel::KvType::kF16), kContext);
  Workspace work(config, kRows, kRows, 1, kContext);
  const SequenceId sequence = cache.Open();
  for (size_t step = 0; step < 2; ++step) {
    std::vector<Row> rows;
    for (size_t i = 0; i < kRows; ++i) {
      rows.push_back({sequence, static_cast<Token>((step * kRows + i) * 7 % config.vocab), i % 2 == 0});
    }
    model->Forward(rows, cache, work, pool);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<File> files = ReadTiny();
  Input input(data, size);
  File file = files[input.Byte() % files.size()];
  const auto isas = AvailableIsas();
  const Isa isa = isas[input.Byte() % isas.size()];
  for (size_t i = 0; i < kMostChanges && !input.empty(); ++i) Change(file, input);
  try {
    RunSome(Write(file), isa);
  } catch (const Error&) {
  }
  return 0;
}
