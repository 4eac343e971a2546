// Texts in other encodings, and damaged ones, as files that people have.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <iconv.h>

#include "ingest/encoding.h"
#include "ingest/sniff.h"
#include "ingest/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using std::string_view_literals::operator""sv;
using testing::Corpus;
using testing::ReadFile;
using testing::RunIngest;
using testing::SharedPath;
using testing::TemporaryFolder;
using testing::WriteFile;

std::string Encoded(std::string_view utf8, const char* encoding) {
  const iconv_t converter = ::iconv_open(encoding, "UTF-8");
  std::string out(4 * utf8.size() + 16, '\0');
  char* in = const_cast<char*>(utf8.data());
  char* to = out.data();
  size_t left = utf8.size(), room = out.size();
  EXPECT_EQ(::iconv(converter, &in, &left, &to, &room), 0u) << encoding;
  ::iconv_close(converter);
  out.resize(out.size() - room);
  return out;
}

constexpr std::string_view kRussian = "Мороз и солнце; день чудесный!\nЕщё ты дремлешь, друг прелестный.\n";
constexpr std::string_view kGreek = "Η Αλίκη άρχισε να κουράζεται πολύ,\nκαθισμένη δίπλα στην αδερφή της.\n";
constexpr std::string_view kPolish = "Zażółć gęślą jaźń, powiedział wąż.\nŚwierszcz śpiewał całą noc.\n";
constexpr std::string_view kHebrew = "בראשית ברא אלוהים את השמים ואת הארץ.\nוהארץ הייתה תוהו.\n";
constexpr std::string_view kChinese = "关关雎鸠，在河之洲。\n窈窕淑女，君子好逑。😀\n";
constexpr std::string_view kKorean = "옛날 옛적에 호랑이가 살았습니다.\n그 호랑이는 떡을 좋아했습니다.\n";

class Encodings : public ::testing::Test {
 protected:
  void Add(const std::string& name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  Corpus Run() { return RunIngest(folder_.path()); }
  TemporaryFolder folder_;
};

TEST_F(Encodings, WideTextOfAnyScriptWithAMark) {
  const std::vector<std::pair<std::string, std::string_view>> texts = {
      {"ru", kRussian}, {"el", kGreek}, {"pl", kPolish}, {"he", kHebrew}, {"zh", kChinese}, {"ko", kKorean}};
  for (const auto& [name, text] : texts) {
    const std::string marked = "\xEF\xBB\xBF" + std::string(text);
    for (const char* encoding : {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"}) {
      Add(name + "." + encoding + ".txt", Encoded(marked, encoding));
    }
  }
  const Corpus corpus = Run();
  for (const auto& [name, text] : texts) {
    size_t read = 0;
    for (const char* encoding : {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"}) {
      const std::string file = name + "." + encoding + ".txt";
      if (corpus.Field(file, "step") == "exact_duplicates") {
        ++read;
      } else {
        EXPECT_EQ(corpus.Text(file), text) << file;
        EXPECT_NE(corpus.Field(file, "notes").find(encoding), std::string::npos) << corpus.Field(file, "notes");
      }
    }
    EXPECT_EQ(read, 3u) << name;
  }
}

TEST_F(Encodings, BinariesBehindAMarkAreRefused) {
  std::string noise = "\xFF\xFE";
  uint32_t state = 7;
  for (int i = 0; i < 4000; ++i) noise.push_back(static_cast<char>((state = state * 1664525 + 1013904223) >> 24));
  Add("noise.txt", noise);
  noise[0] = '\xFE', noise[1] = '\xFF';
  Add("turned.txt", noise);
  std::string table = "\xFF\xFE";
  for (int i = 0; i < 500; ++i) table += "\x01\x00\x02\x00\x00\x00\x07\x00"sv;
  Add("table.txt", table);
  const Corpus corpus = Run();
  for (const char* name : {"noise.txt", "turned.txt", "table.txt"}) EXPECT_EQ(corpus.Field(name, "step"), "format");
}

TEST_F(Encodings, NulBytesInText) {
  Add("fields.txt", "first\0second field of words\nthird\0fourth field\n"sv);
  Add("log.txt", "the machine stopped here\n" + std::string(300, '\0') + "and went on here\n");
  Add("old.txt",
      Encoded("Günther\xC2\xA0grüßt Zürich, schöne Grüße\n", "WINDOWS-1252") + std::string(1, '\0') + "Ende\n");
  Add("page.html", "<html><body><p>before\0behind the nul</p></body></html>"sv);
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("fields.txt"), "firstsecond field of words\nthirdfourth field\n");
  EXPECT_NE(corpus.Field("fields.txt", "notes").find("2 NUL bytes left out"), std::string::npos);
  EXPECT_EQ(corpus.Text("log.txt"), "the machine stopped here\nand went on here\n");
  EXPECT_NE(corpus.Text("old.txt").find("schöne Grüße\nEnde"), std::string::npos) << corpus.Text("old.txt");
  EXPECT_NE(corpus.Text("page.html").find("beforebehind the nul"), std::string::npos) << corpus.Text("page.html");
  EXPECT_NE(corpus.Field("page.html", "notes").find("1 NUL bytes left out"), std::string::npos);
}

TEST_F(Encodings, BinariesWithNulsAreRefused) {
  std::string records, samples, bitmap;
  for (int i = 0; i < 300; ++i) {
    records += fmt::format("name{}", i) + std::string("\0\0\x03\0\0\0", 6);
    samples += std::string({static_cast<char>(i * 7), static_cast<char>(i % 3)});
    bitmap += std::string("\xFF\xFF\0\xFF", 4);
  }
  Add("records.dat", records);
  Add("samples.dat", samples);
  Add("bitmap.dat", bitmap);
  Add("zeros.dat", std::string(5000, '\0'));
  const Corpus corpus = Run();
  for (const char* name : {"records.dat", "samples.dat", "bitmap.dat", "zeros.dat"}) {
    EXPECT_EQ(corpus.Field(name, "step"), "format") << name;
  }
}

TEST_F(Encodings, FewBrokenBytesInUtf8) {
  Add("one.txt", "It\u2019s a caf\xC3\xA9 by the \xE2 river, said Milo\xC5\xA1.\n");
  Add("short.txt", "na\xC3\xAFve \xE9t\n");
  Add("chinese.txt", "关关雎鸠，在\xE6\xB2洲。\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("one.txt"), "It\u2019s a caf\u00E9 by the \uFFFD river, said Milo\u0161.\n");
  EXPECT_NE(corpus.Field("one.txt", "notes").find("1 broken characters replaced by U+FFFD"), std::string::npos);
  EXPECT_EQ(corpus.Text("short.txt"), "na\u00EFve \uFFFDt\n");
  EXPECT_EQ(corpus.Text("chinese.txt"), "关关雎鸠，在\uFFFD洲。\n");
}

TEST(Encoding, OthersAreNotTakenForDamagedUtf8) {
  const std::vector<std::pair<const char*, std::string_view>> texts = {
      {"KOI8-R", kRussian},      {"WINDOWS-1251", kRussian},
      {"ISO-8859-7", kGreek},    {"ISO-8859-2", kPolish},
      {"WINDOWS-1255", kHebrew}, {"GB18030", kChinese.substr(0, kChinese.find("。\n窈"))},
      {"CP949", kKorean},        {"WINDOWS-1252", "Übergrößenträger und café crème, naïve façade.\n"}};
  for (const auto& [encoding, text] : texts) EXPECT_EQ(ToUtf8(Encoded(text, encoding)).text, text) << encoding;
}

TEST_F(Encodings, TitlesOfPages) {
  Add("no_charset.html",
      "<!DOCTYPE html>\n<html><head><title>Déjà vu</title></head><body><p>Žluťoučký kůň.</p></body></html>");
  Add("latin1.html", Encoded("<html><head><meta charset='latin1'><title>Größe</title></head><body><p>Vom Maß der "
                             "Dinge.</p></body></html>",
                             "ISO-8859-1"));
  Add("twice.html",
      "<html><head><title>One  heading</title></head><body><h1>One heading</h1><p>Words.</p></body></html>");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("no_charset.html"), "Déjà vu\n\nŽluťoučký kůň.\n");
  EXPECT_EQ(corpus.Text("latin1.html"), "Größe\n\nVom Maß der Dinge.\n");
  EXPECT_EQ(corpus.Text("twice.html"), "One heading\n\nWords.\n");
}

TEST_F(Encodings, ReportedInputs) {
  const auto reports = SharedPath("conformance/reports");
  if (!std::filesystem::exists(reports)) GTEST_SKIP() << reports << " is not there";
  for (const char* name : {"one_stray_byte.txt", "utf16be_with_mark.txt", "nul_fields.txt", "no_charset.html"}) {
    Add(name, ReadFile(reports / name));
  }
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("one_stray_byte.txt"), "It\u2019s a caf\u00E9 by the \uFFFD river, said Milo\u0161.\n");
  EXPECT_EQ(corpus.Text("utf16be_with_mark.txt"),
            "Line one: plain words.\nLine two: čeština, ελληνικά, 日本語, 😀.\nLine three: the end.\n");
  EXPECT_NE(corpus.Text("nul_fields.txt").find("For support ask at the back door"), std::string::npos);
  EXPECT_EQ(corpus.Text("nul_fields.txt").find('\0'), std::string::npos);
  EXPECT_NE(corpus.Text("no_charset.html").find("Déjà vu"), std::string::npos);
}

}  // namespace
}  // namespace sheepop
