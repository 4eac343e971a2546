// Encoding English prose with the vocabularies of the conformance data, one thread.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "checkpoint/gguf.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

std::string SharedRoot() {
  const char* root = std::getenv("SHEEPOP_SHARED");
  return root ? root : "../shared";
}

std::string Prose() {
  std::string text;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(SharedRoot() + "/corpus/tales", missing)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    text += out.str();
    if (text.size() > (size_t{2} << 20)) break;
  }
  return text;
}

std::string VocabularyPath(const std::string& name) {
  return SharedRoot() + "/conformance/tokenizers/ggml-vocab-" + name + ".gguf";
}

void EncodeProse(benchmark::State& state, const std::string& name) {
  const std::string text = Prose();
  if (text.empty() || !std::filesystem::exists(VocabularyPath(name))) {
    state.SkipWithError("the conformance data is not there (SHEEPOP_SHARED)");
    return;
  }
  const GgufFile file = GgufFile::Open(VocabularyPath(name));
  const Tokenizer tokenizer = Tokenizer::FromGguf(file.metadata());
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.Encode(text));
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
}

void LoadVocabulary(benchmark::State& state, const std::string& name) {
  if (!std::filesystem::exists(VocabularyPath(name))) {
    state.SkipWithError("the conformance data is not there (SHEEPOP_SHARED)");
    return;
  }
  const GgufFile file = GgufFile::Open(VocabularyPath(name));
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::FromGguf(file.metadata()).vocab_size());
}

const int kRegistered = [] {
  for (const char* name :
       {"gpt-2", "llama-bpe", "qwen2", "starcoder", "deepseek-coder", "falcon", "llama-spm", "phi-3"}) {
    benchmark::RegisterBenchmark((std::string("Encode/") + name).c_str(), EncodeProse, name);
    benchmark::RegisterBenchmark((std::string("Load/") + name).c_str(), LoadVocabulary, name)
        ->Unit(benchmark::kMillisecond);
  }
  return 0;
}();

}  // namespace
}  // namespace sheepop
