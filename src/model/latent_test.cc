// Attention over latents against the form that makes each head's keys and values, and in the forms that files hold it.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf_writer.h"
#include "model/checkpoint_config.h"
#include "model/convert.h"
#include "model/model.h"
#include "model/test_support.h"
#include "tensor/dequantise.h"
#include "tensor/pack.h"
#include "tensor/quantise.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
using testing::Tiny;
using Type = Metadata::GgufType;
using Values = std::vector<double>;
using Rows = std::vector<Values>;

constexpr size_t kIds = 40;

Token Id(size_t i) { return static_cast<Token>(3 + i * 7 % 100); }

struct Plan {
  Isa isa = Isa::kReference;
  size_t threads = 1, chunk = kIds;
  kernel::KvType kv = kernel::KvType::kF32;
};

// Of all positions: [ids, vocab].
std::vector<float> Logits(const fs::path& path, const Plan& plan = {}) {
  ThreadPool pool(plan.threads);
  const auto model = Model::Load(Checkpoint::Open(path), {.context = kIds, .isa = plan.isa}, pool);
  KvCache cache(KvShapeOf(model->config(), plan.kv), kIds + 16);
  Workspace work(model->config(), plan.chunk, plan.chunk, plan.threads, kIds);
  const SequenceId sequence = cache.Open();
  std::vector<float> logits;
  for (size_t begin = 0; begin < kIds; begin += plan.chunk) {
    std::vector<Row> rows;
    for (size_t i = begin; i < std::min(kIds, begin + plan.chunk); ++i) rows.push_back({sequence, Id(i), true});
    const LogitRows out = model->Forward(rows, cache, work, pool);
    for (size_t i = 0; i < out.size(); ++i) logits.insert(logits.end(), out.logits(i).begin(), out.logits(i).end());
  }
  return logits;
}

template <typename A, typename B>
double Apart(const A& a, const B& b) {
  EXPECT_EQ(a.size(), b.size());
  double apart = 0, largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    apart = std::max(apart, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
  }
  return apart / largest;
}

// A model without experts and YaRN, from the tensors of its folder, in double and head by head: keys and values of every
// head are made of the latents, as the paper states them.
class Direct {
 public:
  explicit Direct(const fs::path& folder)
      : checkpoint_(Checkpoint::Open(folder)), config_(ConfigOf(checkpoint_)), latent_(config_.latent) {}

  Values Logits() const {
    Rows stream;
    const Values table = Tensor("model.embed_tokens.weight");
    for (size_t i = 0; i < kIds; ++i) {
      const auto begin = table.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(Id(i)) * config_.hidden);
      stream.emplace_back(begin, begin + static_cast<ptrdiff_t>(config_.hidden));
    }
    for (size_t layer = 0; layer < config_.layers; ++layer) Layer(fmt::format("model.layers.{}.", layer), stream);
    Values out;
    for (const Values& x : stream) {
      const Values row = Times(table, Norm(x, "model.norm.weight", Epsilon()));
      out.insert(out.end(), row.begin(), row.end());
    }
    return out;
  }

 private:
  double Epsilon() const { return static_cast<double>(config_.norm_epsilon); }

  Values Tensor(const std::string& name) const {
    const TensorInfo* tensor = checkpoint_.tensors().Find(name);
    EXPECT_TRUE(tensor) << name;
    size_t count = 1;
    for (const uint64_t size : tensor->shape) count *= size;
    std::vector<float> values(count);
    Dequantise(tensor->type, tensor->bytes, values);
    return {values.begin(), values.end()};
  }

  static Values Times(const Values& matrix, const Values& x) {
    Values out(matrix.size() / x.size());
    for (size_t r = 0; r < out.size(); ++r) {
      for (size_t c = 0; c < x.size(); ++c) out[r] += matrix[r * x.size() + c] * x[c];
    }
    return out;
  }

  Values Norm(const Values& x, const std::string& name, double epsilon) const {
    const Values weight = Tensor(name);
    double squares = 0;
    for (const double value : x) squares += value * value;
    Values out(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      out[i] = x[i] / std::sqrt(squares / static_cast<double>(x.size()) + epsilon) * weight[i];
    }
    return out;
  }

  void Turn(size_t position, double* x) const {
    const std::vector<double> frequencies = Frequencies(config_.ropes[0]);
    for (size_t i = 0; i < frequencies.size(); ++i) {
      const double angle = static_cast<double>(position) * frequencies[i], a = x[2 * i], b = x[2 * i + 1];
      x[2 * i] = a * std::cos(angle) - b * std::sin(angle);
      x[2 * i + 1] = b * std::cos(angle) + a * std::sin(angle);
    }
  }

  // What stands in `head` of a row of heads.
  static std::span<const double> Head(const Values& row, size_t head, size_t size) {
    return std::span(row).subspan(head * size, size);
  }

  Values Attention(const Rows& queries, const Rows& keys_values, const Rows& turned, size_t position) const {
    const size_t of_both = latent_.content + latent_.value;
    Values out(config_.heads * latent_.value);
    for (size_t h = 0; h < config_.heads; ++h) {
      const auto query = Head(queries[position], h, latent_.query());
      Values weights(position + 1);
      double sum = 0;
      for (size_t p = 0; p <= position; ++p) {
        const auto key = Head(keys_values[p], h, of_both);
        double score = 0;
        for (size_t d = 0; d < latent_.content; ++d) score += query[d] * key[d];
        for (size_t d = 0; d < latent_.rotary; ++d) score += query[latent_.content + d] * turned[p][d];
        sum += weights[p] = std::exp(score / std::sqrt(static_cast<double>(latent_.query())));
      }
      for (size_t p = 0; p <= position; ++p) {
        const auto value = Head(keys_values[p], h, of_both).subspan(latent_.content);
        for (size_t d = 0; d < latent_.value; ++d) out[h * latent_.value + d] += weights[p] / sum * value[d];
      }
    }
    return out;
  }

  void Layer(const std::string& layer, Rows& stream) const {
    const auto attention = [&](std::string_view name) { return Tensor(fmt::format("{}self_attn.{}", layer, name)); };
    const std::string norms = layer + "self_attn.";
    Rows queries, keys_values, turned;
    for (size_t p = 0; p < stream.size(); ++p) {
      const Values x = Norm(stream[p], layer + "input_layernorm.weight", Epsilon());
      const Values low = Norm(Times(attention("q_a_proj.weight"), x), norms + "q_a_layernorm.weight", 1e-6);
      queries.push_back(Times(attention("q_b_proj.weight"), low));
      for (size_t h = 0; h < config_.heads; ++h) {
        Turn(p, queries.back().data() + h * latent_.query() + latent_.content);
      }
      Values down = Times(attention("kv_a_proj_with_mqa.weight"), x);
      Turn(p, down.data() + latent_.rank);
      turned.emplace_back(down.begin() + static_cast<ptrdiff_t>(latent_.rank), down.end());
      down.resize(latent_.rank);
      keys_values.push_back(Times(attention("kv_b_proj.weight"), Norm(down, norms + "kv_a_layernorm.weight", 1e-6)));
    }
    for (size_t p = 0; p < stream.size(); ++p) {
      const Values branch = Times(attention("o_proj.weight"), Attention(queries, keys_values, turned, p));
      std::ranges::transform(stream[p], branch, stream[p].begin(), std::plus());
      const Values x = Norm(stream[p], layer + "post_attention_layernorm.weight", Epsilon());
      const Values gate = Times(Tensor(layer + "mlp.gate_proj.weight"), x);
      Values hidden = Times(Tensor(layer + "mlp.up_proj.weight"), x);
      for (size_t i = 0; i < hidden.size(); ++i) hidden[i] *= gate[i] / (1 + std::exp(-gate[i]));
      const Values down = Times(Tensor(layer + "mlp.down_proj.weight"), hidden);
      std::ranges::transform(stream[p], down, stream[p].begin(), std::plus());
    }
  }

  Checkpoint checkpoint_;
  ModelConfig config_;
  const LatentConfig& latent_;
};

TEST(Latent, TheAbsorbedFormIsTheDirectOne) {
  EXPECT_LT(Apart(Direct(Tiny("youtu")).Logits(), Logits(Tiny("youtu"))), 1e-5);
}

class LatentFiles : public testing::InFolder {
 protected:
  fs::path Convert(const fs::path& from, Conversion::Form form, std::optional<DType> type = {}) {
    const Checkpoint checkpoint = Checkpoint::Open(from);
    const Conversion conversion(checkpoint, form, type);
    const auto quiet = [](const std::string&, size_t, size_t) {};
    if (form == Conversion::Form::kGguf) {
      conversion.WriteGguf(folder_ / "converted.gguf", conversion.metadata(), pool_, quiet);
      return folder_ / "converted.gguf";
    }
    const fs::path out = folder_ / "converted";
    fs::create_directories(out);
    fs::copy_file(Tiny("youtu") / "tokenizer.json", out / "tokenizer.json", fs::copy_options::overwrite_existing);
    testing::WriteJson(out / "config.json", conversion.hf_config());
    conversion.WriteSafetensors(out, uint64_t{1} << 30, pool_, quiet);
    return out;
  }

  // As llama.cpp wrote them before it took the heads' matrices apart.
  fs::path Older(const std::string& name, DType type) {
    const Checkpoint checkpoint = Checkpoint::Open(Tiny(name) / "model.gguf");
    const ModelConfig config = ConfigOf(checkpoint);
    const LatentConfig& latent = config.latent;
    Metadata metadata = checkpoint.gguf()->metadata();
    const auto set = [&](const char* key, size_t value) {
      metadata.Set(fmt::format("deepseek2.attention.{}", key), Type::kUint32, uint64_t{value});
    };
    set("head_count_kv", config.heads);
    set("key_length", latent.query());
    set("value_length", latent.value);
    metadata.Remove("deepseek2.attention.key_length_mla");
    metadata.Remove("deepseek2.attention.value_length_mla");
    std::vector<TensorSpec> specs;
    std::vector<std::vector<std::byte>> bytes;
    for (const TensorInfo& tensor : checkpoint.tensors().tensors()) {
      const std::string::size_type at = tensor.name.find("attn_k_b");
      if (tensor.name.find("attn_v_b") != std::string::npos) continue;
      if (at == std::string::npos) {
        specs.push_back({tensor.name, tensor.type, tensor.shape});
        bytes.emplace_back(tensor.bytes.begin(), tensor.bytes.end());
        continue;
      }
      const std::string prefix = tensor.name.substr(0, at);
      const auto* keys = reinterpret_cast<const float*>(tensor.bytes.data());
      const auto* values =
          reinterpret_cast<const float*>(checkpoint.tensors().Find(prefix + "attn_v_b.weight")->bytes.data());
      std::vector<float> both;
      for (size_t h = 0; h < config.heads; ++h) {
        for (size_t i = 0; i < latent.content * latent.rank; ++i) {
          both.push_back(keys[(h * latent.rank + i % latent.rank) * latent.content + i / latent.rank]);
        }
        both.insert(both.end(), values + h * latent.value * latent.rank, values + (h + 1) * latent.value * latent.rank);
      }
      specs.push_back({prefix + "attn_kv_b.weight", type, {both.size() / latent.rank, latent.rank}});
      bytes.emplace_back(RowBytes(type, both.size()));
      Quantise(type, both, bytes.back());
    }
    GgufWriter writer(folder_ / "older.gguf", metadata, specs);
    for (size_t i = 0; i < specs.size(); ++i) writer.Append(specs[i].name, bytes[i]);
    writer.Commit();
    return folder_ / "older.gguf";
  }

  ThreadPool pool_{2};
};

TEST_F(LatentFiles, OlderFilesAreTheSameModel) {
  for (const char* name : {"deepseek_v2", "deepseek_v3", "youtu"}) {
    const std::vector<float> expected = Logits(Tiny(name) / "model.gguf");
    const fs::path older = Older(name, DType::kF32);
    EXPECT_EQ(Logits(older), expected) << name;
    EXPECT_LT(Apart(expected, Logits(Convert(older, Conversion::Form::kGguf))), 1e-6) << name;
    EXPECT_LT(Apart(expected, Logits(Convert(older, Conversion::Form::kFolder))), 1e-6) << name;
  }
}

TEST_F(LatentFiles, OlderFilesInBlocksAreReadAndConverted) {
  const fs::path older = Older("deepseek_v3", DType::kQ8_0);
  const auto wanted = Model::Load(Checkpoint::Open(Tiny("deepseek_v3")), {}, pool_);
  const auto read = Model::Load(Checkpoint::Open(older), {}, pool_);
  const auto converted = Model::Load(Checkpoint::Open(Convert(older, Conversion::Form::kFolder)), {}, pool_);
  for (const Role role : {Role::kLatentKey, Role::kLatentValue}) {
    for (size_t head = 0; head < read->config().heads; ++head) {
      const auto row_of = [&](const auto& model, size_t row) {
        const kernel::PackedView& matrix = model->weights().of_head(role, 1, head);
        std::vector<float> out(matrix.cols);
        UnpackRow(matrix, row, out.data());
        return out;
      };
      for (size_t row = 0; row < read->weights().of_head(role, 1, head).rows; ++row) {
        EXPECT_EQ(row_of(read, row), row_of(converted, row));
        EXPECT_LT(Apart(row_of(wanted, row), row_of(read, row)), 0.02);
      }
    }
  }
}

// Quantised files give the same bits on every instruction set, whatever the chunks and threads.
TEST_F(LatentFiles, QuantisedHeadsGiveTheSameBitsEverywhere) {
  for (const DType type : {DType::kQ8_0, DType::kQ4_0, DType::kF16}) {
    const fs::path path = Convert(Tiny("deepseek_v3"), Conversion::Form::kGguf, type);
    const Checkpoint checkpoint = Checkpoint::Open(path);
    EXPECT_EQ(checkpoint.tensors().Find("blk.1.attn_k_b.weight")->type, type);
    EXPECT_EQ(checkpoint.tensors().Find("blk.1.attn_v_b.weight")->type, type);
    const std::vector<float> expected = Logits(path, {.kv = kernel::KvType::kF16});
    for (const Isa isa : AvailableIsas()) {
      for (const size_t chunk : {1, 3, 9, 40}) {
        EXPECT_EQ(Logits(path, {.isa = isa, .threads = 2, .chunk = chunk, .kv = kernel::KvType::kF16}), expected)
            << Info(type).name << " " << Name(isa) << " chunk " << chunk;
      }
    }
  }
}

}  // namespace
}  // namespace sheepop
