#include "cli/commands/model_summary_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <map>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "base/quoted.h"
#include "base/utf8.h"
#include "checkpoint/hf_folder.h"
#include "checkpoint/tensor_spec.h"
#include "model/parameters.h"

namespace sheepop::cli {
namespace {

// "blk.3.attn_q.weight" -> "blk.*.attn_q.weight": the first part that is a number is the layer.
std::string WithoutLayer(std::string_view name) {
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (!part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos) {
      return fmt::format("{}*{}", name.substr(0, begin), name.substr(end));
    }
    begin = end + 1;
  }
  return std::string(name);
}

struct TensorGroup {
  std::string pattern, first;  // the name without the layer, and the first whole name
  const TensorInfo* tensor;
  size_t count = 0;
  uint64_t bytes = 0;
};

std::vector<TensorGroup> Group(const std::vector<TensorInfo>& tensors) {
  std::vector<TensorGroup> groups;
  std::unordered_map<std::string, size_t> index;
  for (const TensorInfo& tensor : tensors) {
    const std::string pattern = WithoutLayer(tensor.name);
    const std::string key = fmt::format("{} {} {}", Info(tensor.type).name, ShapeText(tensor.shape), pattern);
    const auto [found, added] = index.emplace(key, groups.size());
    if (added) groups.push_back({pattern, tensor.name, &tensor});
    TensorGroup& group = groups[found->second];
    ++group.count;
    group.bytes += tensor.size();
  }
  return groups;
}

// As it may stand in a terminal, without the quotes.
std::string Plain(std::string_view text) {
  const std::string quoted = Quoted(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string TensorLines(const std::vector<TensorInfo>& tensors) {
  std::string out;
  for (const TensorGroup& group : Group(tensors)) {
    const std::string name = Plain(group.count > 1 ? group.pattern : group.first);
    const std::string count = group.count > 1 ? fmt::format("{} of ", group.count) : "";
    out += fmt::format("  {:<40} {:>9}{:<18} {:<6} {:>10}\n", name, count, ShapeText(group.tensor->shape),
                       Info(group.tensor->type).name, BytesText(group.bytes));
  }
  return out;
}

std::string ScalarText(const std::string& value) { return Quoted(value); }
std::string ScalarText(bool value) { return value ? "true" : "false"; }
std::string ScalarText(uint8_t value) { return ScalarText(value != 0); }
template <typename T>
std::string ScalarText(T value) {
  return fmt::format("{}", value);
}

std::string ValueText(const Metadata::Entry& entry) {
  static constexpr size_t kShown = 6;
  return std::visit(
      [](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return value.size() <= 100 ? Quoted(value) : fmt::format("{} (cut: {} bytes)", Quoted(value), value.size());
        } else if constexpr (requires { typename T::value_type; }) {
          std::string list;
          for (size_t i = 0; i < std::min(kShown, value.size()); ++i) list += (i ? ", " : "") + ScalarText(value[i]);
          return value.size() <= kShown ? fmt::format("[{}]", list)
                                        : fmt::format("[{}, ...] (cut: {} elements)", list, value.size());
        } else {
          return ScalarText(value);
        }
      },
      entry.value);
}

class KeyLines {
 public:
  explicit KeyLines(const std::vector<KeyReport>& reports) {
    for (const KeyReport& report : reports) {
      rest_.emplace(report.file.empty() ? report.key : fmt::format("{} {}", report.file, report.key), &report);
    }
  }

  void Add(std::string_view key, const std::string& value) {
    const auto found = rest_.find(key);
    const KeyReport* report = found == rest_.end() ? nullptr : found->second;
    if (report) rest_.erase(found);
    Add(key, value, report);
  }
  // Those inside rotary parameters, and one that is missing.
  std::string Finish() {
    for (const auto& [key, report] : rest_) Add(key, Plain(report->value), report);
    return std::move(lines_);
  }

 private:
  void Add(std::string_view key, const std::string& value, const KeyReport* report) {
    const std::string why = report && !report->why.empty() ? fmt::format("  ({})", Plain(report->why)) : "";
    lines_ += fmt::format("  {:<10}{} = {}{}\n", report ? Name(report->treatment) : "", Plain(key), value, why);
  }

  std::map<std::string, const KeyReport*, std::less<>> rest_;
  std::string lines_;
};

std::string MetadataLines(const ModelSummary& summary, const Checkpoint& checkpoint) {
  KeyLines lines(summary.keys);
  if (const GgufFile* gguf = checkpoint.gguf()) {
    for (const Metadata::Entry& entry : gguf->metadata().entries()) {
      lines.Add(ToValidUtf8(entry.key), ValueText(entry));
    }
    return lines.Finish();
  }
  for (const auto& member : checkpoint.hf()->config) {
    const std::string value = boost::json::serialize(member.value());
    lines.Add(member.key(),
              value.size() <= 100 ? Plain(value) : fmt::format("{} (cut: {} bytes)", Plain(value), value.size()));
  }
  return lines.Finish();
}

std::string ExpertLine(const ModelConfig& config) {
  const auto layers = std::ranges::count(config.shapes, true, &LayerShape::experts);
  if (layers == 0) return "";
  const ExpertConfig& experts = config.experts;
  return fmt::format(
      "experts        {} in each of {} layers, {} wide; a token goes through {}{}: {} parameters of all\n",
      experts.count, layers, experts.feed_forward, experts.used,
      experts.shared_feed_forward > 0 ? " and one that is shared" : "", CountText(ActiveParameterCount(config)));
}

// What layers have otherwise than the model.
std::string LayerLines(const ModelConfig& config) {
  std::string out;
  const std::vector<LayerKind> kinds = LayerKinds(config);
  for (size_t i = 0; kinds.size() > 1 && i < kinds.size(); ++i) {
    out += fmt::format("{}{} layer{} with heads of {}, {} for keys and values, feed-forward {}\n",
                       i == 0 ? "kinds          " : "               ", kinds[i].layers, kinds[i].layers == 1 ? "" : "s",
                       kinds[i].head_dim, kinds[i].kv_heads, kinds[i].feed_forward);
  }
  if (const size_t sharing = LayersThatShareKeys(config); sharing > 0) {
    out += fmt::format("shared         the last {} layers read keys and values of earlier ones\n", sharing);
  }
  if (config.layer_input == 0) return out;
  return out + fmt::format(
                   "layer inputs   {} wide, from a table that stays in the file; a token goes through {} "
                   "parameters of all\n",
                   config.layer_input, CountText(ActiveParameterCount(config)));
}

std::string AttentionText(const ModelConfig& config) {
  const LatentConfig& latent = config.latent;
  if (latent.rank == 0) {
    return fmt::format("{} heads of {}, {} for keys and values", config.heads, config.head_dim, config.kv_heads);
  }
  return fmt::format("{} heads of {}, values of {}, over latents of {} and {} that turn", config.heads, latent.query(),
                     latent.value, latent.rank, latent.rotary);
}

std::string ConfigLines(const ModelSummary& summary) {
  if (!summary.config) return fmt::format("model          {}\n", summary.config_error);
  const ModelConfig& config = *summary.config;
  return fmt::format(
      "layers         {}, {} wide, feed-forward {}\n"
      "attention      {}\n"
      "context        {} positions\n"
      "vocabulary     {}, the output is {}\n"
      "{}{}",
      config.layers, config.hidden, config.feed_forward, AttentionText(config), config.context, config.vocab,
      config.tied_embeddings ? "the embedding table" : "a matrix of its own", LayerLines(config), ExpertLine(config));
}

std::string TokenizerLine(const ModelSummary& summary) {
  if (!summary.tokenizer) return fmt::format("tokenizer      {}\n", summary.tokenizer_error);
  const Tokenizer& tokenizer = *summary.tokenizer;
  const SpecialTokenIds& special = tokenizer.special();
  const auto token = [&](Token id) { return fmt::format("{} {}", id, Quoted(tokenizer.Piece(id))); };
  std::string out = fmt::format("tokenizer      {} tokens", tokenizer.vocab_size());
  if (special.bos)
    out += fmt::format("; begins with {}{}", token(*special.bos), special.add_bos ? "" : " (not by itself)");
  for (size_t i = 0; i < special.end.size(); ++i) out += (i ? ", " : "; ends with ") + token(special.end[i]);
  return out + "\n";
}

}  // namespace

std::string CountText(uint64_t count) {
  const auto value = static_cast<double>(count);
  if (count >= 1'000'000'000) return fmt::format("{:.1f} billion", value / 1e9);
  if (count >= 1'000'000) return fmt::format("{:.1f} million", value / 1e6);
  return fmt::format("{}", count);
}

std::string BytesText(uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string ToText(const ModelSummary& summary, const Checkpoint& checkpoint) {
  const auto& tensors = checkpoint.tensors().tensors();
  std::string out = fmt::format("{}\n{}, {}, {} parameters in {}\n", checkpoint.path().string(), summary.format,
                                summary.architecture.empty() ? "no architecture named" : Plain(summary.architecture),
                                CountText(summary.parameters), BytesText(summary.tensor_bytes));
  out += ConfigLines(summary) + TokenizerLine(summary);
  out += summary.chat_template
             ? fmt::format("chat template  {} bytes (whole with --json)\n", summary.chat_template->size())
             : "chat template  none\n";
  out += fmt::format("\ntensors ({}; * stands for the layer)\n{}", tensors.size(), TensorLines(tensors));
  out += fmt::format("\n{}, and what becomes of each key (whole with --json)\n{}",
                     checkpoint.gguf() ? "metadata" : "config.json", MetadataLines(summary, checkpoint));
  return out;
}

}  // namespace sheepop::cli
