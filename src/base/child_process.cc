#include "base/child_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr size_t kErrorBytes = 16 << 10;
constexpr int64_t kAskEveryMs = 100;
using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

std::pair<Descriptor, Descriptor> Pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe for a converter", errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Everything that the child needs between fork and exec, made before: after fork only async-signal-safe calls are
// allowed, because another thread may have held the allocator's lock.
struct Prepared {
  std::string program;
  std::vector<char*> arguments, environment;
  std::vector<std::string> environment_text;
  std::string folder;
};

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (true) {
    const size_t colon = rest.find(':');
    std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    if (colon == std::string_view::npos) return "";
    rest.remove_prefix(colon + 1);
  }
}

Prepared Prepare(const ChildCommand& command) {
  Prepared prepared;
  prepared.program = FindProgram(command.arguments.at(0));
  for (const std::string& argument : command.arguments)
    prepared.arguments.push_back(const_cast<char*>(argument.c_str()));
  prepared.arguments.push_back(nullptr);
  const char* path = std::getenv("PATH");
  prepared.environment_text = {fmt::format("PATH={}", path ? path : "/usr/local/bin:/usr/bin:/bin"),
                               "HOME=/nonexistent", "LC_ALL=C.UTF-8"};
  if (!command.folder.empty()) prepared.environment_text.push_back("TMPDIR=" + command.folder.string());
  if (const char* data = std::getenv("TESSDATA_PREFIX")) {
    prepared.environment_text.push_back(fmt::format("TESSDATA_PREFIX={}", data));
  }
  prepared.environment_text.insert(prepared.environment_text.end(), command.environment.begin(),
                                   command.environment.end());
  for (std::string& entry : prepared.environment_text) prepared.environment.push_back(entry.data());
  prepared.environment.push_back(nullptr);
  prepared.folder = command.folder.string();
  return prepared;
}

void Limit(decltype(RLIMIT_CPU) resource, rlim_t soft, rlim_t hard) {
  const rlimit limit{soft, hard};
  ::setrlimit(resource, &limit);
}

[[noreturn]] void BecomeConverter(const Prepared& prepared, const ChildLimits& limits, std::array<int, 3> standard,
                                  pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  for (int fd = 0; fd < 3; ++fd) ::dup2(standard[fd], fd);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  Limit(RLIMIT_CORE, 0, 0);
  Limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1);
  Limit(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes);
  Limit(RLIMIT_FSIZE, limits.output_bytes, limits.output_bytes);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (!prepared.folder.empty() && ::chdir(prepared.folder.c_str()) != 0) ::_exit(127);
  ::execve(prepared.program.c_str(), prepared.arguments.data(), prepared.environment.data());
  ::_exit(127);
}

// Reads what is there; false at the end of the stream. Bytes above `limit` are counted in `size`, not kept.
bool Drain(int fd, std::string& kept, uint64_t& size, uint64_t limit) {
  std::array<char, 64 << 10> buffer;
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  size += static_cast<uint64_t>(n);
  const uint64_t room = limit - std::min<uint64_t>(limit, kept.size());
  kept.append(buffer.data(), static_cast<size_t>(std::min<uint64_t>(room, static_cast<uint64_t>(n))));
  return true;
}

// Returns how the capture ended: kExited when both streams closed.
ChildOutcome Capture(int out, int err, const ChildLimits& limits, const std::function<bool()>& unwanted,
                     ChildResult& result) {
  const auto deadline = Clock::now() + std::chrono::seconds(limits.wall_seconds);
  std::array<pollfd, 2> streams{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  uint64_t out_size = 0, err_size = 0;
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    int64_t left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return ChildOutcome::kWallLimit;
    if (unwanted) {
      if (unwanted()) return ChildOutcome::kUnwanted;
      left = std::min(left, kAskEveryMs);
    }
    if (::poll(streams.data(), streams.size(), static_cast<int>(left)) < 0 && errno != EINTR) break;
    if (streams[0].revents && !Drain(out, result.output, out_size, limits.output_bytes)) streams[0].fd = -1;
    if (streams[1].revents && !Drain(err, result.errors, err_size, kErrorBytes)) streams[1].fd = -1;
    if (out_size > limits.output_bytes) return ChildOutcome::kOutputLimit;
  }
  return ChildOutcome::kExited;
}

// The child may close its streams and live on, so the wait has the same deadline.
int WaitFor(pid_t pid, bool kill_now, uint32_t wall_seconds, bool& timed_out) {
  const auto deadline = Clock::now() + std::chrono::seconds(wall_seconds);
  int status = 0;
  if (kill_now) ::kill(-pid, SIGKILL);
  for (useconds_t pause = 200;; pause = std::min<useconds_t>(pause * 2, 20000)) {
    siginfo_t info{};
    // WNOWAIT leaves the zombie, so that its group number cannot be given to others before the group is killed.
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == pid) break;
    if (!kill_now && Clock::now() > deadline) {
      timed_out = true;
      ::kill(-pid, SIGKILL);
    }
    ::usleep(pause);
  }
  ::kill(-pid, SIGKILL);
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ChildResult RunChild(const ChildCommand& command, const ChildLimits& limits) {
  const Prepared prepared = Prepare(command);
  ChildResult result;
  if (prepared.program.empty()) {
    result.outcome = ChildOutcome::kMissing;
    return result;
  }
  const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto [out_read, out_write] = Pipe();
  auto [err_read, err_write] = Pipe();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw SystemError(fmt::format("cannot start {}", prepared.program), errno);
  if (pid == 0) BecomeConverter(prepared, limits, {null.get(), out_write.get(), err_write.get()}, parent);
  ::setpgid(pid, pid);  // in both processes: whoever comes first
  out_write.Close();
  err_write.Close();

  result.outcome = Capture(out_read.get(), err_read.get(), limits, command.unwanted, result);
  bool timed_out = false;
  const int status = WaitFor(pid, result.outcome != ChildOutcome::kExited, limits.wall_seconds, timed_out);
  if (timed_out) result.outcome = ChildOutcome::kWallLimit;
  if (result.outcome != ChildOutcome::kExited) return result;
  if (WIFEXITED(status)) {
    result.code = WEXITSTATUS(status);
    return result;
  }
  result.code = WTERMSIG(status);
  result.outcome = result.code == SIGXCPU   ? ChildOutcome::kCpuLimit
                   : result.code == SIGXFSZ ? ChildOutcome::kOutputLimit
                                            : ChildOutcome::kSignal;
  return result;
}

}  // namespace sheepop
