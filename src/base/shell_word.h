// A name as a shell takes it, for the commands that messages tell people to type.
#pragma once

#include <string>
#include <string_view>

namespace sheepop {

// As it is where a POSIX shell reads it so, else between single quotes; a leading dash gets "./" in front.
std::string ShellWord(std::string_view name);

}  // namespace sheepop
