#include "sample/schema/format_dates.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "sample/grammar/pattern.h"

namespace sheepop::schema {
namespace {

using grammar::RegexId;
using grammar::RegexPool;

RegexId Whole(std::string_view pattern, RegexPool& pool) {
  return grammar::ParsePattern(pattern, grammar::PatternMeaning::kWhole, pool);
}

constexpr std::string_view kFraction = "(?:\\.[0-9]+)?";

RegexId LeapYear(RegexPool& pool) {
  return Whole(
      "[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|"
      "(?:[02468][048]|[13579][26])00",
      pool);
}

RegexId CommonYear(RegexPool& pool) {
  return pool.Intersection(Whole("[0-9]{4}", pool), pool.Complement(LeapYear(pool)));
}

RegexId LastDayOfMonth(RegexPool& pool) {
  return pool.Union(std::vector{
      Whole("[0-9]{4}-(?:(?:0[13578]|1[02])-31|(?:0[469]|11)-30)", pool),
      pool.Concat(LeapYear(pool), pool.Text("-02-29")),
      pool.Concat(CommonYear(pool), pool.Text("-02-28")),
  });
}

RegexId UsualTime(RegexPool& pool) {
  return Whole(fmt::format("(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]{}(?:[Zz]|[+\\-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
                           kFraction),
               pool);
}

// Second 60 is that of 23:59 in UTC, so that the time tells the offset: two conditions, on the hours and on the minutes.

// Behind UTC by 23:59 less the time, which borrows nothing. On the day that it is in UTC.
RegexId LeapSecondBehind(RegexPool& pool) {
  std::string hours, tens, ones;
  for (int hour = 0; hour < 24; ++hour) {
    hours += fmt::format("{}{:02}:[0-9]{{2}}:60{}-{:02}:[0-9]{{2}}", hour ? "|" : "", hour, kFraction, 23 - hour);
  }
  for (int ten = 0; ten < 6; ++ten) {
    tens += fmt::format("{}[0-9]{{2}}:{}[0-9]:60{}-[0-9]{{2}}:{}[0-9]", ten ? "|" : "", ten, kFraction, 5 - ten);
  }
  for (int one = 0; one < 10; ++one) {
    ones += fmt::format("{}[0-9]{{2}}:[0-9]{}:60{}-[0-9]{{2}}:[0-9]{}", one ? "|" : "", one, kFraction, 9 - one);
  }
  const RegexId at_utc = Whole(fmt::format("23:59:60{}(?:[Zz]|\\+00:00)", kFraction), pool);
  return pool.Union(at_utc, pool.Intersection(std::vector{Whole(hours, pool), Whole(tens, pool), Whole(ones, pool)}));
}

// Ahead of UTC by the time and a minute, but not by none. On the day after.
RegexId LeapSecondAhead(RegexPool& pool) {
  std::string hours, minutes;
  for (int hour = 0; hour < 24; ++hour) {
    hours +=
        fmt::format("{}{:02}:[0-9]{{2}}:60{}\\+(?:{:02}:(?:[0-5][1-9]|[1-5]0)", hour ? "|" : "", hour, kFraction, hour);
    hours += hour < 23 ? fmt::format("|{:02}:00)", hour + 1) : ")";
  }
  for (int minute = 0; minute < 60; ++minute) {
    minutes += fmt::format("{}[0-9]{{2}}:{:02}:60{}\\+[0-9]{{2}}:{:02}", minute ? "|" : "", minute, kFraction,
                           (minute + 1) % 60);
  }
  return pool.Intersection(Whole(hours, pool), Whole(minutes, pool));
}

}  // namespace

RegexId DateRegex(RegexPool& pool) {
  const RegexId most_days = Whole(
      "[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|"
      "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|"
      "02-(?:0[1-9]|1[0-9]|2[0-8]))",
      pool);
  return pool.Union(most_days, pool.Concat(LeapYear(pool), pool.Text("-02-29")));
}

RegexId TimeRegex(RegexPool& pool) {
  return pool.Union(std::vector{UsualTime(pool), LeapSecondBehind(pool), LeapSecondAhead(pool)});
}

RegexId DateTimeRegex(RegexPool& pool) {
  const RegexId mark = Whole("[Tt]", pool);
  const RegexId first_day = Whole("[0-9]{4}-(?:0[1-9]|1[0-2])-01", pool);
  return pool.Union(std::vector{
      pool.Concat(std::vector{DateRegex(pool), mark, UsualTime(pool)}),
      pool.Concat(std::vector{LastDayOfMonth(pool), mark, LeapSecondBehind(pool)}),
      pool.Concat(std::vector{first_day, mark, LeapSecondAhead(pool)}),
  });
}

RegexId DurationRegex(RegexPool& pool) {
  return Whole(
      "P(?:[0-9]+W|"
      "(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)"
      "(?:T(?:[0-9]+S|[0-9]+M(?:[0-9]+S)?|[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?))?|"
      "T(?:[0-9]+S|[0-9]+M(?:[0-9]+S)?|[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?))",
      pool);
}

}  // namespace sheepop::schema
