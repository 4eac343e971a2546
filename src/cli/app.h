// The program: parses argv, runs one command, turns errors into messages and exit codes
// (0 done, 1 the world failed, 2 the flags are wrong).
#pragma once

namespace sheepop::cli {

int Main(int argc, char** argv);

}  // namespace sheepop::cli
