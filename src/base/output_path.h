// What a command may write to: nothing that it reads, and nothing that is there unless that was asked for.
#pragma once

#include <filesystem>

namespace sheepop {

// The path itself, or where the links of its last part lead, also where nothing is there yet. Throws kIo where they lead
// in a circle.
std::filesystem::path FollowLinks(std::filesystem::path path);

// Throws kInvalidArgument when `output` is `input`, by whatever name, or lies in it.
void RefuseInput(const std::filesystem::path& output, const std::filesystem::path& input);

// Throws kIo, naming --force, when `output` is a file that holds something, or a folder that is not empty, unless `force`.
// What is no file (a device, a pipe) holds nothing.
void RefuseExisting(const std::filesystem::path& output, bool force);

}  // namespace sheepop
