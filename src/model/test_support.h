// Tiny models for tests, as they are and with other configurations.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "testing/paths.h"

namespace sheepop::testing {

inline std::filesystem::path Tiny(const std::string& name) { return SourcePath("tests/data/tiny") / name; }

// Of every tiny model, in order.
inline std::vector<std::string> TinyNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SourcePath("tests/data/tiny"))) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

inline std::string ReadText(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline boost::json::object ReadJson(const std::filesystem::path& path) {
  return boost::json::parse(ReadText(path)).as_object();
}

inline void WriteJson(const std::filesystem::path& path, const boost::json::value& value) {
  std::ofstream(path) << boost::json::serialize(value);
}

// A test with a folder of its own, empty at its start and gone at its end.
class InFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + test->name();
    std::ranges::replace(name, '/', '_');
    folder_ = std::filesystem::path(::testing::TempDir()) / ("sheepop_" + name);
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A copy of a tiny model's folder with other keys in its config.json; "-key": null removes one.
  std::filesystem::path Changed(const std::string& name, const boost::json::object& changes) {
    const std::filesystem::path out = folder_ / "changed";
    std::filesystem::remove_all(out);
    std::filesystem::copy(Tiny(name), out);
    boost::json::object config = ReadJson(out / "config.json");
    for (const auto& [key, value] : changes) {
      if (key.starts_with("-")) {
        config.erase(std::string_view(key).substr(1));
      } else {
        config[key] = value;
      }
    }
    WriteJson(out / "config.json", config);
    return out;
  }

  std::filesystem::path folder_;
};

}  // namespace sheepop::testing
