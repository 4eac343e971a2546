// Any JSON as a request of any API: a refusal with a status that says whose fault it is, or prompts of the model's own
// tokens and a dialect that answers. The first byte says which API.
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "sample/profile.h"
#include "serve/api/chat.h"
#include "serve/api/messages.h"
#include "serve/api/responses.h"
#include "tokenize/testing_vocabularies.h"

namespace {

using namespace sheepop;

constexpr char kTemplate[] =
    "{% for m in messages %}{{ '<|im_start|>' }}{{ m.role }}\n{{ m.reasoning_content }}{{ m.content }}"
    "{% for call in m.tool_calls %}{{ call.function.name }}{{ call.function.arguments | tojson }}{% endfor %}"
    "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}";

// One model without weights: requests are read, and nothing is computed.
class Models final : public ServedModels {
 public:
  Models() {
    model_->name = "tiny";
    model_->loaded.tokenizer = std::make_shared<const Tokenizer>(
        Tokenizer::FromGguf(testing::ByteLevelVocabulary({{"a", "b"}}, {"<|im_start|>", "<|im_end|>"})));
    model_->loaded.vocabulary =
        std::make_shared<const TokenizerVocabulary>(*model_->loaded.tokenizer, model_->loaded.tokenizer->vocab_size());
    model_->chat = ChatTemplate::Parse(kTemplate);
    model_->sampling = ProfileNamed("openai").defaults;
    model_->engine.context = model_->context = 64;
    model_->engine.sequences = 4;
  }
  std::shared_ptr<const ServedModel> Find(std::string_view) const override { return model_; }
  std::vector<std::shared_ptr<const ServedModel>> All() const override { return {model_}; }

 private:
  const std::shared_ptr<ServedModel> model_ = std::make_shared<ServedModel>();
};

void Answer(Parsed& parsed, const ServedModel& model) {
  if (parsed.ask.prompts.empty() || parsed.ask.n == 0) std::abort();
  for (const AskedPrompt& prompt : parsed.ask.prompts) {
    for (const Token id : prompt.ids) {
      if (id < 0 || static_cast<size_t>(id) >= model.loaded.vocabulary->size()) std::abort();
    }
  }
  const AnswerHead head{"0123456789abcdefghijklmn", 1, "tiny"};
  std::vector<ChoiceResult> results(parsed.ask.prompts.size() * parsed.ask.n);
  for (ChoiceResult& result : results) result.reason = FinishReason::kStop;
  if (boost::json::serialize(parsed.dialect->Whole(head, results, {})).empty()) std::abort();
  std::string stream = parsed.dialect->Begin(head);
  stream += parsed.dialect->Beat(1, 2);
  for (size_t i = 0; i < results.size(); ++i) {
    stream += parsed.dialect->OnPiece({i, "ab", {}});
    stream += parsed.dialect->OnFinish(i, results[i]);
  }
  stream += parsed.dialect->End({});
  if (!stream.ends_with("\n\n")) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Models models;
  if (size == 0) return 0;
  boost::json::object body;
  try {
    body = ParseJsonObject({reinterpret_cast<const char*>(data) + 1, size - 1}, "body");
  } catch (const Error&) {
    return 0;
  }
  const RequestContext context{models, data[0] & 64 ? UnknownFields::kWarn : UnknownFields::kRefuse, 0};
  try {
    if ((data[0] & 3) == 3) {
      CountTokens(body, context);
      return 0;
    }
    Parsed parsed = (data[0] & 3) == 0   ? ParseChat(body, context)
                    : (data[0] & 3) == 1 ? ParseResponses(body, context)
                                         : ParseMessages(body, context);
    Answer(parsed, *models.All()[0]);
  } catch (const ApiError& error) {
    const unsigned status = error.problem().status;
    if (status != 400 && status != 501) std::abort();  // a client's bytes are no fault of the server
  }
  return 0;
}
