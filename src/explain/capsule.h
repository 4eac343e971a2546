// A capsule: all that a generation depended on, and a digest of every row of logits, so that it can be repeated and
// compared bit for bit. A file of JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generate/engine.h"
#include "generate/loaded_model.h"
#include "sample/options.h"

namespace sheepop {

struct CapsuleSequence {
  std::vector<Token> ids;            // drawn, an end token included
  std::vector<std::string> digests;  // LogitsDigest of what each was drawn from
  std::string finish_reason;
};

struct Capsule {
  std::string build;  // version and compiler of the program that wrote it
  std::string isa;
  std::string model;             // path, as it was given
  std::string model_sha256;      // ModelSha256
  std::string tokenizer_sha256;  // TokenizerSha256
  EngineOptions engine;          // those that a fingerprint holds; the others change no token
  SamplingOptions sampling;
  uint64_t seed = 0;
  std::vector<Token> prompt;
  std::vector<CapsuleSequence> sequences;  // at least one
};

std::string CapsuleText(const Capsule& capsule);

// Throws kCorrupt, naming the field, for anything that CapsuleText does not write.
Capsule ParseCapsule(std::string_view text);

// "1.0.0, GCC 12.2.0"
std::string ThisBuild();

// Of a file: of its bytes. Of a folder: of the names and checksums of its .json, .jinja and .safetensors files, by
// name. Throws kIo.
std::string ModelSha256(const std::filesystem::path& path);

// Of the pieces and end tokens; the same for a model in any file format.
std::string TokenizerSha256(const Tokenizer& tokenizer);

// The first 64 bits of the sha256 of the row as 32-bit floats, as hexadecimal digits.
std::string LogitsDigest(std::span<const float> logits);

// Passes a sequence on to `inner` and keeps what a capsule needs of it.
class CapsuleRecorder final : public Listener {
 public:
  explicit CapsuleRecorder(Listener& inner) : inner_(inner) {}
  Next OnToken(const Choice& choice, std::span<const float> logits) override;
  void OnFinish(const Finish& finish) override;
  const CapsuleSequence& sequence() const { return sequence_; }

 private:
  Listener& inner_;
  CapsuleSequence sequence_;
};

}  // namespace sheepop
