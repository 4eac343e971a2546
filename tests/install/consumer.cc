#include <sheepop/shared_model.h>
#include <sheepop/sheepop.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sheepop::TextModel model = sheepop::TextModel::Open(argv[1]);
  const sheepop::Generation out = model.Generate("Once upon a time", {.max_tokens = 8, .seed = 1});
  std::cout << out.tokens.size() << " tokens, " << out.finish_reason << "\n";
  sheepop::ModelAnswer answer =
      sheepop::SharedModel::Open(argv[1]).Complete(R"({"prompt": "Once upon a time", "max_tokens": 8, "seed": 1})");
  std::string text;
  for (sheepop::AnswerPiece piece; answer.Next(piece);) text += piece.text;
  std::cout << answer.Whole() << "\n";
  return out.tokens.empty() || text != out.text;
}
