// What a person's addresses and numbers look like in texts of many languages, and what only looks like them.
#include "ingest/clean/contacts.h"

#include <gtest/gtest.h>

#include <string>

#include "ingest/clean/steps.h"
#include "testing/paths.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

std::string Without(std::string text) {
  Document document;
  document.text = std::move(text);
  MakeReplaceEmails()->Apply(document);
  MakeReplacePhones()->Apply(document);
  return document.text;
}

TEST(Contacts, AddressesBeyondAscii) {
  EXPECT_EQ(Without("an jürgen.mü\u00DFig@beispiel.de und"), "an [email] und");
  EXPECT_EQ(Without("\u0430lice@example.com"), "[email]");
  EXPECT_EQ(Without("пишите иван@почта.рф!"), "пишите [email]!");
  EXPECT_EQ(Without("<info@müller.de>, x"), "<[email]>, x");
  EXPECT_EQ(Without("bob\uFF20test.org"), "[email]");
  EXPECT_EQ(Without("mu\u0308ller@example.org"), "[email]");
  EXPECT_EQ(Without("o'brien@example.org, 'ann@example.org'"), "[email], '[email]'");
}

TEST(Contacts, SentencesAroundAddressesStay) {
  EXPECT_EQ(Without("请写信到bob@test.org谢谢"), "请写信到[email]谢谢");
  EXPECT_EQ(Without("请联系123@qq.com。"), "请联系[email]。");
  EXPECT_EQ(Without("bob@test.org으로 보내세요"), "[email]으로 보내세요");
  EXPECT_EQ(Without("mailto:dave@example.net?subject=x."), "mailto:[email]?subject=x.");
  EXPECT_EQ(Without("Mail ann@example.org."), "Mail [email].");
  for (const char* text :
       {"root@localhost", "a handle @alice_92", "price 3@4.50", "module pkg@1.2.3", "@", "x@y.", "a@.org"}) {
    EXPECT_EQ(Without(text), text);
  }
}

TEST(Contacts, Telephones) {
  EXPECT_EQ(Without("Call 555-123-4567 or +49 (0)30 1234567 now"), "Call [phone] or [phone] now");
  EXPECT_EQ(Without("(212) 555-0100, 1-800-555-0199, 212.555.0123"), "[phone], [phone], [phone]");
  EXPECT_EQ(Without("Tel. 212 555 0100\n212 555 0101\nOffice: 212 555 0102"), "Tel. [phone]\n[phone]\nOffice: [phone]");
  EXPECT_EQ(Without("+4512345678 +86 10 1234 5678"), "[phone] [phone]");
}

TEST(Contacts, NumbersThatAreNone) {
  for (const char* text :
       {"not 100 200 3000 seats", "halls of 250 300 4000 seats", "rows 512 640 1024 wide", "during 512 640 1024 days",
        "ISBN 978-3-16-148410-0", "192.168.100.200", "2024-10-05", "1,234,567", "a gain of +12 345 678 crowns",
        "$212-555-0100", "order 123-456-7890", "x = +0123456789"}) {
    EXPECT_EQ(Without(text), text);
  }
}

TEST(Contacts, ReportedInput) {
  const auto path = testing::SharedPath("conformance/reports/addresses.txt");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  EXPECT_EQ(
      Without(testing::ReadFile(path)),
      "Write to [email] or [email] (the first letter is Cyrillic), or to [email].\nFull width: [email]. In brackets: "
      "<[email]>, mailto:[email]?subject=x.\nHost only: root@localhost, a handle @alice_92, price 3@4.50, module "
      "pkg@1.2.3.\nCall [phone] or [phone], not ISBN 978-3-16-148410-0, not 192.168.100.200, not 2024-10-05, not 100 "
      "200 "
      "3000 seats.\n");
}

}  // namespace
}  // namespace sheepop
