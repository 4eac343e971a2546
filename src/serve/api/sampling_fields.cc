#include "serve/api/sampling_fields.h"

#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <limits>
#include <utility>

#include "base/quoted.h"
#include "sample/chain.h"
#include "sample/profile.h"

namespace sheepop {
namespace {

namespace json = boost::json;

using Shape = OptionType::Shape;

// Looking up a text among all tokens takes time, so there are not many of them.
constexpr size_t kMostTexts = 1024;
constexpr Bounds kOpenAiBias = Between(-100, 100);

// What requests call a row besides its own name.
std::string_view NameOf(Fields& fields, const OptionRow& row) {
  if (row.name == "repeat_penalty") return fields.OneOf({row.name, "repetition_penalty"});
  return row.name;
}

std::string NumberOf(const json::value& value) {
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  return NumberText(value.get_double());
}

class SamplingReader {
 public:
  SamplingReader(Fields& fields, const ServedModel& model) : fields_(fields), model_(model), base_(model.sampling) {}

  SamplingOptions Read() {
    if (const std::optional<std::string> profile = fields_.String("profile")) {
      base_ = ForField(fields_.Path("profile"), [&] { return ProfileNamed(*profile).defaults; });
    } else {
      advised_ = model_.advised;
    }
    options_ = base_;
    for (const OptionRow& row : kSamplingTable.rows()) {
      if (row.name == "profile") continue;
      const std::string_view name = NameOf(fields_, row);
      if (const json::value* const value = fields_.Any(name)) {
        ReadRow(row, name, *value);
        given_.push_back(&row);
        std::erase(advised_, &row);
      }
    }
    // What the fields say together, but for the shape of the text, which other fields say as well.
    SamplingOptions without = options_;
    without.constraint = {};
    without.thinking_budget = -1;
    ForField("mirostat", [&] { Chain::Build(without, *model_.loaded.vocabulary); });
    return std::move(options_);
  }

  // The rows that fields gave; after Read.
  const std::vector<const OptionRow*>& given() const { return given_; }
  const std::vector<const OptionRow*>& advised() const { return advised_; }  // of Ask

 private:
  // Sets the row in the result, and alone upon the base to see whether it holds there: then a fault is this field's.
  void ReadRow(const OptionRow& row, std::string_view name, const json::value& value) {
    ForField(fields_.Path(name), [&] {
      SamplingOptions alone = base_;
      Set(row, name, value, alone);
      Validate(alone);
      if ((row.is_list() && !IsConstraint(row)) || row.name == "samplers")
        Chain::Build(alone, *model_.loaded.vocabulary);
      Set(row, name, value, options_);
    });
  }

  void Set(const OptionRow& row, std::string_view name, const json::value& value, SamplingOptions& options) const {
    const std::string thing = fields_.Path(name);
    if (row.name == "logit_bias" && value.is_object()) {
      options.logit_bias = BiasesOf(thing, value.get_object());
    } else if (row.name == "json_schema" && (value.is_object() || value.is_bool())) {
      options.constraint.json_schema = json::serialize(value);
    } else if (row.name == "seed") {
      kSamplingTable.Set(options, row, SeedText(value), thing);
    } else if (row.is_list()) {
      SetList(row, name, value, options);
    } else if (row.field.type().shape() == Shape::kSwitch) {
      if (!value.is_bool()) fields_.WrongType(name, value, "true or false");
      kSamplingTable.Set(options, row, value.get_bool() ? "true" : "false", thing);
    } else if (row.field.type().shape() == Shape::kNumber) {
      if (!value.is_number()) fields_.WrongType(name, value, fmt::format("a number, {}", row.BoundsText()));
      kSamplingTable.Set(options, row, NumberOf(value), thing);
    } else {
      if (!value.is_string()) fields_.WrongType(name, value, "text");
      kSamplingTable.Set(options, row, std::string_view(value.get_string()), thing);
    }
  }

  void SetList(const OptionRow& row, std::string_view name, const json::value& value, SamplingOptions& options) const {
    if (!value.is_array()) fields_.WrongType(name, value, "a list");
    const json::array& list = value.get_array();
    const size_t most = model_.loaded.vocabulary->size();
    size_t texts = 0;
    kSamplingTable.Clear(&options, row);
    for (size_t i = 0; i < list.size(); ++i) {
      const bool text = list[i].is_string();
      texts += text;
      if (i == most || texts > kMostTexts) {
        fields_.Refuse(name, fmt::format("has {} elements, must have at most {}, {} of them texts", list.size(), most,
                                         kMostTexts));
      }
      const std::string thing = ElementPath(fields_.Path(name), i);
      if (!text && !list[i].is_number()) {
        fields_.Refuse(name, fmt::format("holds {}, must hold numbers and texts", Shown(list[i])));
      }
      const std::string element = text ? std::string(list[i].get_string()) : NumberOf(list[i]);
      kSamplingTable.Set(options, row, element, thing);
    }
  }

  std::vector<LogitBias> BiasesOf(std::string_view thing, const json::object& map) const {
    std::vector<LogitBias> biases;
    for (const auto& entry : map) {
      const std::string_view key = entry.key();
      if (!entry.value().is_number()) {
        RefuseField(thing, fmt::format("{} of token {} is {}, must be a number, {}", thing, Quoted(key),
                                       Shown(entry.value()), kOpenAiBias.Text()));
      }
      LogitBias bias{IdOf(thing, key), entry.value().to_number<double>()};
      CheckBounds(fmt::format("{} of token {}", thing, key), bias.bias, kOpenAiBias);
      biases.push_back(std::move(bias));
    }
    return biases;
  }

  Token IdOf(std::string_view thing, std::string_view key) const {
    const size_t size = model_.loaded.vocabulary->size();
    Token id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    const bool whole = error == std::errc() && end == key.data() + key.size();
    if (whole && id >= 0 && static_cast<size_t>(id) < size) return id;
    RefuseField(thing, fmt::format("{} names token {}, must name ids of the vocabulary, 0 to {}", thing, Quoted(key),
                                   size - 1));
  }

  std::string SeedText(const json::value& value) const {
    if (value.is_string()) return std::string(value.get_string());
    if (!value.is_number()) fields_.WrongType("seed", value, "a whole number, at least 0");
    return NumberOf(value);
  }

  Fields& fields_;
  const ServedModel& model_;
  SamplingOptions base_, options_;
  std::vector<const OptionRow*> given_, advised_;
};

}  // namespace

std::vector<std::string> ReadStops(Fields& fields, std::string_view name) {
  std::vector<std::string> stops = fields.StringOrList(name);
  if (stops.size() > kMostStops) {
    fields.Refuse(name, fmt::format("has {} texts, must have at most {}", stops.size(), kMostStops));
  }
  for (const std::string& stop : stops) {
    if (stop.empty()) fields.Refuse(name, "holds an empty text, which would end every answer at once; leave it out");
  }
  return stops;
}

void ReadSampling(Fields& fields, Ask& ask) {
  SamplingReader reader(fields, *ask.model);
  ask.options.sampling = reader.Read();
  ask.given = reader.given();
  ask.advised = reader.advised();
  ask.options.stops = ReadStops(fields, "stop");
  ask.options.ignore_end = fields.Bool("ignore_eos").value_or(false);
  ask.show_stop = fields.Bool("include_stop_str_in_output").value_or(false);
  ask.explain = fields.Bool("explain").value_or(false);
  ask.explain_top = static_cast<size_t>(fields.Integer("explain_top", Between(1, 100)).value_or(5));
  ask.record = fields.Bool("record").value_or(false);
  ask.progress = fields.Bool("return_progress").value_or(false);
  fields.Unused({"cache_prompt", "id_slot", "priority", "timings_per_token"}, ask.unused);
}

}  // namespace sheepop
