#include "train/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "checkpoint/safetensors.h"
#include "kernel/kernels.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using kernel::GemmType;

ModelConfig LlamaShape(size_t vocab, size_t hidden, size_t layers, size_t heads, size_t kv_heads, size_t feed_forward) {
  ModelConfig config;
  config.architecture = "llama";
  config.layers = layers;
  config.hidden = hidden;
  config.heads = heads;
  config.kv_heads = kv_heads;
  config.head_dim = hidden / heads;
  config.feed_forward = feed_forward;
  config.vocab = vocab;
  config.context = 64;
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_dim));
  config.ropes.resize(1);
  config.ropes[0].dims = config.head_dim;
  config.shapes.assign(layers, {.window = 0, .rope = 0});
  return config;
}

ModelConfig Gpt2Shape() {
  ModelConfig config = LlamaShape(37, 18, 2, 3, 3, 72);
  config.architecture = "gpt2";
  config.norm = NormType::kLayer;
  config.activation = Activation::kGelu;
  config.gated = false;
  config.attention_bias = config.projection_bias = config.learned_positions = true;
  config.context = 48;
  config.ropes.clear();
  config.shapes.assign(config.layers, {});
  return config;
}

struct Golden {
  std::string name;
  ModelConfig config;
};

std::vector<Golden> Goldens() {
  Golden llama{"llama", LlamaShape(37, 24, 2, 4, 2, 40)};
  llama.config.tied_embeddings = false;
  return {llama, {"llama_tied", LlamaShape(37, 24, 2, 4, 1, 40)}, {"gpt2", Gpt2Shape()}};
}

struct Case {
  Batch batch;
  double loss;
  SafetensorsFile tensors;
};

Case ReadCase(const std::string& name) {
  const auto folder = testing::SourcePath("tests/data/train");
  std::ostringstream text;
  text << std::ifstream(folder / (name + ".json")).rdbuf();
  const boost::json::value json = boost::json::parse(text.str());
  Batch batch = Batch::Plain(json.at("sequences").to_number<size_t>(), json.at("length").to_number<size_t>());
  for (size_t i = 0; i < batch.rows(); ++i) {
    batch.inputs[i] = json.at("inputs").at(i).to_number<Token>();
    batch.targets[i] = json.at("targets").at(i).to_number<Token>();
  }
  return {batch, json.at("loss").to_number<double>(), SafetensorsFile::Open(folder / (name + ".safetensors"))};
}

std::vector<float> Values(const SafetensorsFile& file, const std::string& name) {
  const TensorInfo* tensor = file.Find(name);
  EXPECT_NE(tensor, nullptr) << name;
  if (!tensor) return {};
  std::vector<float> values(tensor->bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

void Load(const SafetensorsFile& file, ParameterStore& parameters) {
  for (const ParameterStore::Entry& entry : parameters.entries()) {
    const std::vector<float> values = Values(file, "w." + entry.parameter.name);
    ASSERT_EQ(values.size(), entry.parameter.count()) << entry.parameter.name;
    std::ranges::copy(values, parameters.weights().begin() + static_cast<long>(entry.offset));
  }
}

NetworkOptions OptionsFor(const Batch& batch, Isa isa = AvailableIsas().back(), GemmType type = GemmType::kF32) {
  NetworkOptions options;
  options.isa = isa;
  options.precision = type;
  options.sequences = batch.sequences;
  options.length = batch.length;
  return options;
}

double Norm(std::span<const float> x) {
  double sum = 0;
  for (float value : x) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

// |got - expected| / |expected| over a whole parameter, for each.
void ExpectGradients(const Golden& golden, Isa isa, GemmType type, double tolerance) {
  SCOPED_TRACE(golden.name + " " + std::string(Name(isa)));
  const Case c = ReadCase(golden.name);
  ThreadPool pool(2);
  ParameterStore parameters(golden.config);
  Load(c.tensors, parameters);
  Network network(golden.config, parameters, OptionsFor(c.batch, isa, type), pool);
  network.PackWeights();
  const auto trained = static_cast<double>(c.batch.trained());
  std::ranges::fill(parameters.gradients(), 7.0F);  // what was there before does not count
  const double loss =
      network.ForwardBackward(c.batch, static_cast<float>(1 / trained), 0, Network::Gradients::kReplace) / trained;
  EXPECT_NEAR(loss, c.loss, tolerance * c.loss);
  EXPECT_NEAR(network.Loss(c.batch) / trained, c.loss, tolerance * c.loss);
  for (const ParameterStore::Entry& entry : parameters.entries()) {
    const std::vector<float> expected = Values(c.tensors, "g." + entry.parameter.name);
    std::vector<float> difference(expected.size());
    for (size_t i = 0; i < expected.size(); ++i) difference[i] = parameters.gradients()[entry.offset + i] - expected[i];
    // A key's bias moves all scores of a row alike: its gradient is zero but for rounding.
    const bool zero = entry.parameter.role == Role::kKeyBias;
    EXPECT_LE(Norm(difference), tolerance * (zero ? 1 : Norm(expected))) << entry.parameter.name;
  }
}

TEST(Network, LossAndEveryGradientOfTransformers) {
  for (const Golden& golden : Goldens()) {
    for (Isa isa : AvailableIsas()) ExpectGradients(golden, isa, GemmType::kF32, 1e-5);
  }
}

TEST(Network, Bf16ProductsComeNearIt) {
  if (!kernel::KernelsFor(AvailableIsas().back()).GemmOf(GemmType::kBf16)) GTEST_SKIP() << "no bf16 dot products here";
  for (const Golden& golden : Goldens()) ExpectGradients(golden, AvailableIsas().back(), GemmType::kBf16, 4e-2);
}

Batch RandomBatch(size_t sequences, size_t length, size_t vocab, unsigned seed) {
  std::mt19937 generator(seed);
  Batch batch = Batch::Plain(sequences, length);
  for (size_t i = 0; i < batch.rows(); ++i) {
    batch.inputs[i] = static_cast<Token>(generator() % vocab);
    batch.targets[i] = generator() % 5 ? static_cast<Token>(generator() % vocab) : kNoTarget;
  }
  return batch;
}

struct Result {
  double loss;
  std::vector<float> gradients;
};

Result Differentiate(const ModelConfig& config, const std::vector<Batch>& batches, size_t threads,
                     NetworkOptions options) {
  ThreadPool pool(threads);
  ParameterStore parameters(config);
  parameters.Initialise(3, 0.1F);
  options.sequences = options.length = 0;
  for (const Batch& batch : batches) {
    options.sequences = std::max(options.sequences, batch.sequences);
    options.length = std::max(options.length, batch.length);
  }
  Network network(config, parameters, options, pool);
  network.PackWeights();
  Result result{0, {}};
  for (const Batch& batch : batches) {
    const bool first = &batch == batches.data();
    result.loss +=
        network.ForwardBackward(batch, 0.01F, 12, first ? Network::Gradients::kReplace : Network::Gradients::kAdd);
  }
  result.gradients.assign(parameters.gradients().begin(), parameters.gradients().end());
  return result;
}

void ExpectSameBits(const Result& a, const Result& b) {
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(0, std::memcmp(a.gradients.data(), b.gradients.data(), a.gradients.size() * sizeof(float)));
}

TEST(Network, TheSameBitsForAnyThreadCount) {
  for (const Golden& golden : Goldens()) {
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      if (!kernel::KernelsFor(AvailableIsas().back()).GemmOf(type)) continue;
      NetworkOptions options;
      options.precision = type;
      options.dropout = 0.1F;
      const std::vector<Batch> batches = {RandomBatch(5, 41, 37, 1), RandomBatch(3, 17, 37, 2)};
      const Result one = Differentiate(golden.config, batches, 1, options);
      for (size_t threads : {2, 3, 7}) ExpectSameBits(Differentiate(golden.config, batches, threads, options), one);
    }
  }
}

TEST(Network, InFp32TheSameBitsOnEveryInstructionSet) {
  NetworkOptions reference;
  reference.isa = Isa::kReference;
  const std::vector<Batch> batches = {RandomBatch(3, 41, 37, 1)};
  for (const Golden& golden : Goldens()) {
    const Result expected = Differentiate(golden.config, batches, 1, reference);
    for (Isa isa : AvailableIsas()) {
      NetworkOptions options;
      options.isa = isa;
      ExpectSameBits(Differentiate(golden.config, batches, 2, options), expected);
    }
  }
}

// Documents in one row are as if each stood alone.
TEST(Network, RestartsAtDocumentBorders) {
  for (const Golden& golden : Goldens()) {
    const Batch a = RandomBatch(1, 13, 37, 1), b = RandomBatch(1, 25, 37, 2);
    Batch both = Batch::Plain(1, 38);
    for (size_t i = 0; i < 38; ++i) {
      const Batch& from = i < 13 ? a : b;
      const size_t at = i < 13 ? i : i - 13;
      both.inputs[i] = from.inputs[at];
      both.targets[i] = from.targets[at];
      both.positions[i] = static_cast<uint32_t>(at);
      both.first[i] = i < 13 ? 0 : 13;
    }
    const Result together = Differentiate(golden.config, {both}, 1, {}),
                 apart = Differentiate(golden.config, {a, b}, 1, {});
    EXPECT_NEAR(together.loss, apart.loss, 1e-4);
    for (size_t i = 0; i < apart.gradients.size(); ++i) {
      ASSERT_NEAR(together.gradients[i], apart.gradients[i], 1e-6) << i;
    }
  }
}

// The loss with fixed draws is a function whose slope the gradient must be.
TEST(Network, GradientWithDropoutIsTheSlope) {
  for (const Golden& golden : Goldens()) {
    NetworkOptions options;
    options.dropout = 0.2F;
    const Batch batch = RandomBatch(3, 41, 37, 1);
    options.sequences = batch.sequences;
    options.length = batch.length;
    ThreadPool pool(1);
    ParameterStore parameters(golden.config);
    parameters.Initialise(3, 0.2F);
    Network network(golden.config, parameters, options, pool);
    const auto loss = [&] {
      network.PackWeights();
      return network.ForwardBackward(batch, 1, 12, Network::Gradients::kReplace);
    };
    loss();
    const std::vector<float> gradient(parameters.gradients().begin(), parameters.gradients().end());
    const std::vector<float> at(parameters.weights().begin(), parameters.weights().end());
    const double length = Norm(gradient);
    constexpr double kStep = 2e-3;
    const auto move = [&](double step) {
      for (size_t i = 0; i < at.size(); ++i) {
        parameters.weights()[i] = static_cast<float>(at[i] + step * gradient[i] / length);
      }
      return loss();
    };
    const double slope = (move(kStep) - move(-kStep)) / (2 * kStep);
    EXPECT_NEAR(slope, length, 2e-3 * length) << golden.name;
  }
}

TEST(Network, RefusesWhatHasNoBackwardPass) {
  const auto refused = [](const std::function<void(ModelConfig&)>& change, std::string_view part) {
    ModelConfig config = LlamaShape(37, 24, 2, 4, 2, 40);
    change(config);
    try {
      RequireTrainable(config);
      FAIL() << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kUnsupported);
      EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos) << error.what();
    }
  };
  RequireTrainable(LlamaShape(37, 24, 2, 4, 2, 40));
  refused([](ModelConfig& c) { c.query_key_norm = true; }, "query and key norms");
  refused([](ModelConfig& c) { c.final_softcap = 30; }, "soft caps");
  refused([](ModelConfig& c) { c.pre_norms = false; }, "norms behind branches");
  refused([](ModelConfig& c) { c.post_norms = true; }, "norms behind branches");
  refused([](ModelConfig& c) { c.parallel_branches = true; }, "side by side");
  refused([](ModelConfig& c) { c.norm = NormType::kLayer, c.norm_bias = false; }, "without biases");
  refused([](ModelConfig& c) { c.embedding_scale = 12; }, "scaled embeddings");
  refused([](ModelConfig& c) { c.residual_scale = 0.5f; }, "scaled branches");
  refused([](ModelConfig& c) { c.logit_scale = 0.5f; }, "scaled logits");
  refused([](ModelConfig& c) { c.query_temperature.scale = 0.1f; }, "by position");
  refused([](ModelConfig& c) { c.activation = Activation::kGelu; }, "activation");
  refused([](ModelConfig& c) { c.skipped_tensors = {"blk.2."}; }, "other models");
}

}  // namespace
}  // namespace sheepop
