// One subcommand: how it registers its flags, and how it runs. Each lives in a file of its own; app.cc lists them.
#pragma once

#include <memory>

#include "cli/console.h"
#include "cli/flags/flag_set.h"

namespace sheepop::cli {

class Command {
 public:
  virtual ~Command() = default;
  // Adds the flags; called once, before parsing. The command's fields receive the values.
  virtual void Register(FlagSet flags) = 0;
  // Runs with the parsed flags. Throws Error. Returns the exit code.
  virtual int Run(Console& console) = 0;
};

struct CommandEntry {
  const char* name;
  const char* description;
  std::unique_ptr<Command> (*make)();
};

std::unique_ptr<Command> MakePull();
std::unique_ptr<Command> MakeTrain();
std::unique_ptr<Command> MakeIngest();
std::unique_ptr<Command> MakeCorpus();
std::unique_ptr<Command> MakeInspect();
std::unique_ptr<Command> MakeTokenize();
std::unique_ptr<Command> MakeGenerate();
std::unique_ptr<Command> MakeChat();
std::unique_ptr<Command> MakeExplain();
std::unique_ptr<Command> MakeReplay();
std::unique_ptr<Command> MakeScore();
std::unique_ptr<Command> MakeServe();
std::unique_ptr<Command> MakeConstrain();
std::unique_ptr<Command> MakeConvert();
std::unique_ptr<Command> MakeBench();
std::unique_ptr<Command> MakeDoctor();

}  // namespace sheepop::cli
