#include <sheepop/sheepop.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sheepop::TextModel model = sheepop::TextModel::Open(argv[1]);
  const sheepop::Generation out = model.Generate("Once upon a time", {.max_tokens = 8, .seed = 1});
  std::cout << out.tokens.size() << " tokens, " << out.finish_reason << "\n";
  return out.tokens.empty();
}
