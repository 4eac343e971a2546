#include "cli/commands/line_editor.h"

#include <fmt/core.h>
#include <histedit.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "base/error.h"
#include "cli/commands/typed_keys.h"

namespace sheepop::cli {
namespace {

constexpr size_t kMaxLine = size_t{16} << 20;
constexpr std::string_view kMarkPastes = "\x1b[?2004h", kMarkNoPastes = "\x1b[?2004l";
constexpr wchar_t kStopKey = 0x1e;  // nobody types it: the line is given up
constexpr char kPromptEscape = '\1';

termios as_it_was{};
termios raw{};
int screen_changed = -1;  // readable once the window is another, or the shell has used it

void Mark(std::string_view how) { [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, how.data(), how.size()); }

// These are safe in a signal handler.
void Restore() {
  tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
  Mark(kMarkNoPastes);
}
void TakeOver() {
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  Mark(kMarkPastes);
}
void OnScreen(int) {
  const int reason = errno;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(screen_changed, &one, sizeof one);
  errno = reason;
}
void OnContinue(int signal) {
  TakeOver();  // the shell has set what it wants meanwhile
  OnScreen(signal);
}

}  // namespace

RawTerminal::RawTerminal() {
  if (tcgetattr(STDIN_FILENO, &as_it_was) != 0) return;
  raw = as_it_was;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_lflag |= NOFLSH;  // Ctrl-C must not take away what a wait has announced: the read behind it would not return
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  screen_changed = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (screen_changed < 0) throw SystemError("cannot make an event for the terminal's window", errno);
  TakeOver();
  SetBeforeDeath(Restore);
  std::signal(SIGCONT, OnContinue);
  std::signal(SIGWINCH, OnScreen);
}

RawTerminal::~RawTerminal() {
  std::signal(SIGWINCH, SIG_DFL);
  std::signal(SIGCONT, SIG_DFL);
  SetBeforeDeath(nullptr);
  Restore();
  ::close(std::exchange(screen_changed, -1));
}

class LineEditor::Impl {
 public:
  explicit Impl(const InterruptGuard& interrupt);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  Result Read(std::string_view prompt, bool color, std::string& line);
  void Remember(const std::string& line);

 private:
  static Impl& Of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<Impl*>(self);
  }
  static char* Prompt(EditLine* editor) { return Of(editor).prompt_.data(); }
  static int GetCharacter(EditLine* editor, wchar_t* character) { return Of(editor).Get(character); }
  static unsigned char Paste(EditLine* editor, int) { return Of(editor).InsertPaste(); }
  static unsigned char Stop(EditLine* editor, int) { return Of(editor).GoToEnd(); }

  void SetUp();
  void Bind(const char* key, const char* command) { el_set(editor_, EL_BIND, key, command, nullptr); }
  int Get(wchar_t* character);
  bool Fill();
  void Redraw();
  unsigned char InsertPaste();
  unsigned char GoToEnd();
  size_t Length() const {
    const LineInfoW* line = el_wline(editor_);
    return static_cast<size_t>(line->lastchar - line->buffer);
  }

  const InterruptGuard& interrupt_;
  locale_t locale_{}, locale_before_{};
  std::FILE* nowhere_ = nullptr;
  EditLine* editor_ = nullptr;
  HistoryW* history_ = nullptr;
  std::string prompt_;
  TypedKeys keys_;
  bool ended_ = false, stopping_ = false;
  std::exception_ptr problem_;  // which must not pass through libedit
};

// What libedit shows goes by the locale, which is the thread's here: this program writes UTF-8 whatever it is.
LineEditor::Impl::Impl(const InterruptGuard& interrupt) : interrupt_(interrupt) {
  locale_ = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
  if (locale_) locale_before_ = uselocale(locale_);
  // It knows one terminal that it leaves alone, whose lines would then not be shown.
  const char* terminal = std::getenv("TERM");
  if (terminal && std::string_view(terminal) == "emacs") ::setenv("TERM", "dumb", 1);
  // It complains of terminals that it does not know, and goes on as with the simplest.
  nowhere_ = std::fopen("/dev/null", "w");
  editor_ = nowhere_ ? el_init("sheepop", stdin, stdout, nowhere_) : nullptr;
  history_ = history_winit();
  if (!editor_ || !history_)
    throw Error(ErrorCategory::kIo, "cannot edit lines on this terminal; pipe them in instead");
  SetUp();
}

void LineEditor::Impl::SetUp() {
  el_set(editor_, EL_CLIENTDATA, this);
  el_set(editor_, EL_EDITOR, "emacs");
  el_set(editor_, EL_PROMPT_ESC, Prompt, kPromptEscape);
  el_set(editor_, EL_GETCFN, GetCharacter);
  // Between two lines, too, the terminal is as RawTerminal has it.
  el_set(editor_, EL_SETTY, "-x", "-icanon", "-echo", "-iexten", "+noflsh", nullptr);
  el_set(editor_, EL_SETTY, "-d", "+noflsh", nullptr);
  HistEventW event;
  history_w(history_, &event, H_SETSIZE, 100'000);
  el_wset(editor_, EL_HIST, history_w, history_);
  el_set(editor_, EL_ADDFN, "sheepop-paste", "Insert what was pasted", Paste);
  el_set(editor_, EL_ADDFN, "sheepop-stop", "Go to the end of the line", Stop);
  Bind("\x1d", "sheepop-paste");
  Bind("\x1e", "sheepop-stop");
  Bind("\x1c", "ed-delete-next-char");
  Bind("\t", "ed-insert");
  Bind("^W", "ed-delete-prev-word");
  Bind("^R", "em-inc-search-prev");
}

LineEditor::Impl::~Impl() {
  if (editor_) el_end(editor_);
  if (history_) history_wend(history_);
  if (nowhere_) std::fclose(nowhere_);
  if (locale_) {
    uselocale(locale_before_);
    freelocale(locale_);
  }
}

// Draws the line again, in the place where it is as far as that is known.
void LineEditor::Impl::Redraw() {
  Mark("\r\x1b[J");
  el_resize(editor_);
  el_set(editor_, EL_REFRESH);
}

// False when a signal came.
bool LineEditor::Impl::Fill() {
  if (!interrupt_.WaitFor(STDIN_FILENO, screen_changed)) return false;
  if (uint64_t times = 0; ::read(screen_changed, &times, sizeof times) > 0) {
    Redraw();
    return true;
  }
  std::array<char, 1 << 16> chunk;
  const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
  if (n < 0 && errno == EINTR) return true;  // whatever signal it was, the next wait sees it
  // A terminal that is gone reads as an error.
  if (n < 0 && errno != EIO) throw SystemError("cannot read standard input", errno);
  ended_ = n <= 0;
  for (ssize_t i = 0; i < n; ++i) keys_.Take(chunk[static_cast<size_t>(i)]);
  return true;
}

// For libedit: 1 with a character, 0 at the end.
int LineEditor::Impl::Get(wchar_t* character) {
  try {
    for (;;) {
      if (stopping_ || problem_) return 0;
      if (const auto key = keys_.Next()) {
        if (Length() > kMaxLine) throw Error(ErrorCategory::kLimit, "a line is over {} characters", kMaxLine);
        *character = *key;
        return 1;
      }
      if (ended_) return 0;
      if (Fill()) continue;
      stopping_ = true;
      *character = kStopKey;
      return 1;
    }
  } catch (...) {
    problem_ = std::current_exception();
    return 0;
  }
}

unsigned char LineEditor::Impl::InsertPaste() {
  const std::wstring pasted = keys_.TakePaste();
  if (pasted.empty()) return CC_NORM;
  if (el_winsertstr(editor_, pasted.c_str()) != 0) {
    problem_ = std::make_exception_ptr(Error(ErrorCategory::kLimit, "no memory for what was pasted; send it in parts"));
  }
  return CC_REFRESH;
}

// So that what is printed next stands below the whole line.
unsigned char LineEditor::Impl::GoToEnd() {
  el_cursor(editor_, static_cast<int>(Length()));
  return CC_REFRESH;
}

LineEditor::Result LineEditor::Impl::Read(std::string_view prompt, bool color, std::string& line) {
  // What is between the marks takes no column, and is drawn with the character behind it.
  const std::string_view sign = prompt.substr(0, prompt.size() - 1);
  prompt_ = color ? fmt::format("\1\x1b[1;32m\1{}\1\x1b[0m\1 ", sign) : prompt;
  stopping_ = false;
  problem_ = nullptr;
  int count = 0;
  const wchar_t* typed = el_wgets(editor_, &count);
  if (problem_) std::rethrow_exception(problem_);
  if (stopping_) {
    tcflush(STDIN_FILENO, TCIFLUSH);
    keys_.Clear();
    return Result::kInterrupted;
  }
  if (!typed || count <= 0) return Result::kEnd;
  std::wstring_view text(typed, static_cast<size_t>(count));
  if (text.ends_with(L'\n')) text.remove_suffix(1);
  line = Narrow(text);
  return Result::kLine;
}

void LineEditor::Impl::Remember(const std::string& line) {
  HistEventW event;
  history_w(history_, &event, H_ENTER, Wide(line).c_str());
}

LineEditor::LineEditor(const InterruptGuard& interrupt) : impl_(std::make_unique<Impl>(interrupt)) {}

LineEditor::~LineEditor() = default;

LineEditor::Result LineEditor::Read(std::string_view prompt, bool color, std::string& line) {
  return impl_->Read(prompt, color, line);
}

void LineEditor::Remember(const std::string& line) { impl_->Remember(line); }

}  // namespace sheepop::cli
