// One model, three threads, a text each, and why the first word of one was drawn.
//
//   find_package(sheepop REQUIRED)
//   target_link_libraries(threads PRIVATE sheepop::sheepop)
#include <sheepop/shared_model.h>

#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

std::string Tale(const sheepop::SharedModel& model, const std::string& hero) {
  sheepop::ModelAnswer answer =
      model.Complete(R"({"prompt": "Once upon a time, a )" + hero + R"(", "max_tokens": 20, "seed": 1})");
  std::string text;
  for (sheepop::AnswerPiece piece; answer.Next(piece);) text += piece.text;
  return text;
}

}  // namespace

int main(int argc, char** argv) try {
  const sheepop::SharedModel model = sheepop::SharedModel::Open(argc > 1 ? argv[1] : "tales");
  const std::vector<std::string> heroes = {"sheep", "wolf", "shepherd"};
  std::vector<std::string> tales(heroes.size());
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < heroes.size(); ++i) {
      threads.emplace_back([&, i] { tales[i] = Tale(model, heroes[i]); });
    }
  }
  for (size_t i = 0; i < heroes.size(); ++i) std::cout << "Once upon a time, a " << heroes[i] << tales[i] << "\n";
  const sheepop::ExplainedText why = model.Explain(R"({"prompt": "Once upon a time", "max_tokens": 1, "seed": 1})");
  std::cout << why.json << "\n";
  return 0;
} catch (const sheepop::Failure& failure) {
  std::cerr << "threads: " << failure.what() << "\n";
  return 1;
}
