#include "hub/source.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "hub/catalogue.h"

namespace sheepop {
namespace {

// None of these may ask the network.
ModelSource Find(const std::string& what) {
  return FindSource(what, [] { return true; });
}

ErrorCategory CategoryOf(const std::string& what) {
  try {
    Find(what);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
    return error.category();
  }
  ADD_FAILURE() << what << " was taken";
  return ErrorCategory::kIo;
}

class Source : public ::testing::Test {
 protected:
  Source() { ::unsetenv("HF_ENDPOINT"); }
  ~Source() override { ::unsetenv("HF_ENDPOINT"); }
};

TEST_F(Source, ANameOfTheCatalogueComesWithItsChecksum) {
  for (const CatalogueEntry& entry : Catalogue()) {
    const ModelSource source = Find(std::string(entry.name));
    ASSERT_EQ(source.files.size(), 1u);
    EXPECT_EQ(source.name, std::string(entry.name) + ".gguf");
    EXPECT_EQ(source.files[0].name, source.name);
    EXPECT_EQ(source.files[0].sha256, entry.sha256);
    EXPECT_TRUE(source.is_hub);
    EXPECT_FALSE(source.is_folder);
  }
}

TEST_F(Source, AFileOfARepositoryIsEscapedPartByPart) {
  const ModelSource source = Find("hf:owner/repo/a folder/weights #1.gguf");
  ASSERT_EQ(source.files.size(), 1u);
  EXPECT_EQ(source.files[0].url, "https://huggingface.co/owner/repo/resolve/main/a%20folder/weights%20%231.gguf");
  EXPECT_EQ(source.files[0].name, "weights #1.gguf");
  EXPECT_EQ(source.name, "weights #1.gguf");
  EXPECT_EQ(source.files[0].sha256, "");
  EXPECT_TRUE(source.is_hub);
}

TEST_F(Source, AnotherHub) {
  ::setenv("HF_ENDPOINT", "http://localhost:8000//", 1);
  EXPECT_EQ(Find("hf:owner/repo/x.gguf").files[0].url, "http://localhost:8000/owner/repo/resolve/main/x.gguf");
}

TEST_F(Source, AnAddressIsTakenAsItIs) {
  const ModelSource source = Find("https://host/a/b%20c.gguf?x=1");
  ASSERT_EQ(source.files.size(), 1u);
  EXPECT_EQ(source.files[0].url, "https://host/a/b%20c.gguf?x=1");
  EXPECT_EQ(source.name, "b c.gguf");
  EXPECT_FALSE(source.is_hub);
}

TEST_F(Source, WhatIsNoneOfTheseIsRefused) {
  for (const char* what : {"", "nonsense", "hf:", "hf:owner", "hf:owner/", "hf:/repo", "hf:/repo/file",
                           "hf:owner/repo/", "hf:owner/..", "hf:owner/.hidden/file", "ftp://host/x.gguf"}) {
    EXPECT_EQ(CategoryOf(what), ErrorCategory::kInvalidArgument) << what;
  }
}

TEST_F(Source, AnAddressWithoutAFileNameIsRefused) {
  for (const char* what : {"https://host/", "https://host", "https://host/a/..", "https://host/a/%2e%2e"}) {
    EXPECT_EQ(CategoryOf(what), ErrorCategory::kInvalidArgument) << what;
  }
}

TEST(Catalogue, EveryEntryCanBeFetchedAndVerified) {
  for (const CatalogueEntry& entry : Catalogue()) {
    EXPECT_EQ(FindInCatalogue(entry.name), &entry) << entry.name << " is there twice";
    EXPECT_EQ(entry.name.find_first_of("/:"), std::string_view::npos) << entry.name;
    EXPECT_EQ(entry.sha256.size(), 64u) << entry.name;
    EXPECT_EQ(entry.sha256.find_first_not_of("0123456789abcdef"), std::string_view::npos) << entry.name;
    EXPECT_TRUE(entry.file.ends_with(".gguf")) << entry.name;
    EXPECT_GT(entry.bytes, 0u) << entry.name;
  }
  EXPECT_EQ(FindInCatalogue("smollm"), nullptr);
  EXPECT_EQ(FindInCatalogue(""), nullptr);
}

}  // namespace
}  // namespace sheepop
