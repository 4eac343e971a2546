#include "cli/commands/explain_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/quoted.h"
#include "base/utf8.h"

namespace sheepop::cli {
namespace {

constexpr size_t kBarWidth = 20;
constexpr size_t kLineWidth = 60;  // of the unit interval

std::string Repeat(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

// In eighths of a character.
std::string Bar(double probability) {
  static constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<size_t>(std::lround(std::clamp(probability, 0.0, 1.0) * kBarWidth * 8));
  return Repeat("█", eighths / 8) + std::string(kEighths[eighths % 8]) +
         std::string(kBarWidth - (eighths + 7) / 8, ' ');
}

class Table {
 public:
  Table(const SamplingVocabulary& vocabulary, bool color) : vocabulary_(vocabulary), color_(color) {}

  std::string Step(const Trace& trace, std::string_view title) const {
    std::vector<const TracedStage*> stages = {&trace.entry};
    for (const TracedStage& stage : trace.stages) stages.push_back(&stage);
    std::string out = fmt::format("{}\n", Paint("1", title));
    out += Row(stages, [](const TracedStage& stage) { return stage.name; }, "probabilities after");
    out += Row(stages, [](const TracedStage& stage) { return fmt::format("{}", stage.kept); }, "candidates");
    out += Row(
        stages,
        [&](const TracedStage& stage) {
          return &stage == stages[0] ? std::string() : fmt::format("{:.3f}", stage.removed_mass);
        },
        "probability removed");
    out += Row(
        stages, [](const TracedStage& stage) { return fmt::format("{:.3f}", stage.entropy_bits); }, "entropy, bits");
    for (Token token : Shown(trace)) out += TokenRow(trace, stages, token);
    for (const TracedStage& stage : trace.stages) {
      if (!stage.why.empty()) out += fmt::format("  {}: {}\n", stage.name, stage.why);
    }
    out += Draw(trace);
    for (const WatchedToken& watched : trace.watched) out += Watched(watched);
    return out;
  }

  // Parts of characters look alike, so they show their ids.
  std::string Piece(Token token) const {
    const std::string_view piece = vocabulary_.piece(token);
    return IsValidUtf8(piece) ? Quoted(piece) : fmt::format("{} #{}", Quoted(piece), token);
  }
  std::string Paint(std::string_view code, std::string_view text) const {
    return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }

 private:
  static size_t Width(const TracedStage& stage) { return std::max<size_t>(stage.name.size(), 6) + 2; }

  template <class Cell>
  static std::string Row(const std::vector<const TracedStage*>& stages, Cell cell, std::string_view label) {
    std::string out;
    for (const TracedStage* stage : stages) out += fmt::format("{:>{}}", cell(*stage), Width(*stage));
    return out + (label.empty() ? "\n" : fmt::format("  {}\n", label));
  }

  // The best at entry, then the best that remained, the one chosen, those watched.
  static std::vector<Token> Shown(const Trace& trace) {
    std::vector<Token> tokens;
    const auto add = [&](Token token) {
      if (std::ranges::find(tokens, token) == tokens.end()) tokens.push_back(token);
    };
    for (const TracedToken& token : trace.entry.top) add(token.token);
    if (!trace.stages.empty()) {
      for (const TracedToken& token : trace.stages.back().top) add(token.token);
    }
    add(trace.chosen.token);
    for (const WatchedToken& watched : trace.watched) add(watched.token);
    return tokens;
  }

  static bool IsWatched(const Trace& trace, Token token) {
    return std::ranges::find(trace.watched, token, &WatchedToken::token) != trace.watched.end();
  }

  static const TracedToken* Find(const TracedStage& stage, Token token) {
    for (const auto* list : {&stage.top, &stage.watched}) {
      for (const TracedToken& traced : *list) {
        if (traced.token == token) return &traced;
      }
    }
    return nullptr;
  }

  std::string TokenRow(const Trace& trace, const std::vector<const TracedStage*>& stages, Token token) const {
    std::string out;
    for (const TracedStage* stage : stages) {
      const TracedToken* found = Find(*stage, token);
      // Of a token that a stage does not list, the record says that it is gone only if the stage lists all its
      // candidates or the token is watched.
      const std::string_view absent = stage->kept <= stage->top.size() || IsWatched(trace, token) ? "-" : "";
      out +=
          fmt::format("{:>{}}", found ? fmt::format("{:.3f}", found->probability) : std::string(absent), Width(*stage));
    }
    const TracedToken* last = Find(*stages.back(), token);
    const bool chosen = token == trace.chosen.token;
    const double probability = chosen ? trace.chosen.probability : last ? last->probability : 0;
    out += fmt::format("  {} {}{}", Paint("36", Bar(probability)), Piece(token), chosen ? "  <-" : "");
    if (chosen) return Paint("1", out) + "\n";
    return (last ? out : Paint("2", out)) + "\n";
  }

  std::string Draw(const Trace& trace) const {
    if (trace.forced)
      return fmt::format("  {} is forced by the grammar: nothing was drawn\n", Piece(trace.chosen.token));
    const auto at = [](double x) { return std::min(static_cast<size_t>(x * kLineWidth), kLineWidth - 1); };
    const size_t low = at(trace.low), high = std::max(at(trace.high), low), mark = at(trace.u);
    std::string line;
    for (size_t i = 0; i < kLineWidth; ++i) line += i == mark ? "┃" : i >= low && i <= high ? "━" : "─";
    return fmt::format("  u = {:.6f} lies in [{:.6f}, {:.6f}) of {}, which had probability {:.3f}\n  0 {} 1\n", trace.u,
                       trace.low, trace.high, Piece(trace.chosen.token), trace.chosen.probability, line);
  }

  std::string Watched(const WatchedToken& watched) const {
    std::string out = fmt::format("  watched {}: ", Piece(watched.token));
    if (watched.removed_by.empty()) {
      return out + fmt::format("remained, rank {}, probability {:.6f}\n", watched.rank, watched.probability);
    }
    if (watched.removed_by == "logits") return out + "never a candidate: its logit is -infinity or no number\n";
    out += fmt::format("removed by {} at rank {} with probability {:.3g}; ", watched.removed_by, watched.rank,
                       watched.probability);
    if (!watched.why.empty()) out += watched.why + "; ";
    if (watched.remedies.empty()) return out + "no single setting would have kept it\n";
    std::vector<std::string> ways;
    for (const Remedy& remedy : watched.remedies) {
      ways.push_back(fmt::format("{} {} instead of {}", remedy.field, remedy.to, remedy.from));
    }
    return out + fmt::format("kept by {}\n", fmt::join(ways, ", or by "));
  }

  const SamplingVocabulary& vocabulary_;
  bool color_;
};

std::string Title(const Table& table, const Trace& trace, size_t step) {
  return fmt::format("{}. {} at position {}", step + 1, table.Piece(trace.chosen.token), trace.position);
}

std::string ComparisonText(const ExplainReport& report, const Table& table) {
  std::string out = "Settings that differ:\n";
  for (const ChangedSetting& setting : ChangedSettings(report.first.sampling, report.second->sampling)) {
    out += fmt::format("  {}: {} and {}\n", setting.field, setting.first, setting.second);
  }
  out += "\n";
  if (!report.divergence) return out + "Both write the same, token for token.\n";
  const Divergence& found = *report.divergence;
  out += found.step ? fmt::format("The first {} tokens are the same. Then {}.\n\n", found.step, found.cause)
                    : fmt::format("The first tokens differ: {}.\n\n", found.cause);
  out += table.Step(found.first, "first: " + Title(table, found.first, found.step));
  out += "\n";
  return out + table.Step(found.second, "second: " + Title(table, found.second, found.step));
}

}  // namespace

std::string ReportTable(const ExplainReport& report, const SamplingVocabulary& vocabulary, bool color) {
  const Table table(vocabulary, color);
  if (report.second) return ComparisonText(report, table);
  std::string out;
  for (size_t i = 0; i < report.first.steps.size(); ++i) {
    if (i > 0) out += "\n";
    out += table.Step(report.first.steps[i], Title(table, report.first.steps[i], i));
  }
  return out;
}

}  // namespace sheepop::cli
