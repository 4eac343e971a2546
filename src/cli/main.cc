#include "cli/app.h"

int main(int argc, char** argv) { return sheepop::cli::Main(argc, argv); }
