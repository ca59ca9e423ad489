#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace foresee::planner {

/// A program that was started by /bin/sh and answers one line with one line (Note [Process protocol]).
/// What it writes to standard error appears among our own lines. One thread at a time may use it.
class ChildProcess {
 public:
  /// @param timeout_s  longest time from a question to the end of its answer, however slowly that comes.
  /// @throws Error when it cannot be started.
  ChildProcess(std::string command, double timeout_s);
  /// Closes its input and gives it a second to end.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Sends one object as a line, returns the object that comes back. @throws Error, which ends with the child's last
  /// words: no answer in time, an end, a line that is no object or longer than 4 MiB, bytes that nobody asked for, or
  /// the child's own {"error": ...}.
  nlohmann::json ask(const nlohmann::ordered_json& question);
  /// Bytes that follow the line of the last answer; they count towards its time. @throws Error.
  void read(uint8_t* out, size_t count);

  const std::string& command() const { return command_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// Sends a question; its time begins.
  void begin(const std::string& line);
  /// Waits until the child says something, takes it in. @throws Error after the deadline.
  void receive();
  /// Passes finished lines of the child's standard error on, the first hundred per question, and never listens without
  /// end. @returns whether there was anything.
  bool hear_errors();
  /// Waits for `descriptor`; what comes on standard error meanwhile is heard. @throws Error after the deadline.
  void wait_for(int descriptor, short events);
  [[noreturn]] void ended();
  /// "; its last words: '...'", escaped.
  std::string last_words() const;

  std::string command_;
  double timeout_s_;
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;  // our ends of its standard streams
  std::string buffer_;                 // of its standard output, not yet taken
  std::string errors_, last_error_;    // an unfinished line of its standard error; the last finished one
  int64_t lines_heard_ = 0;            // of its standard error, since the last question
  Clock::time_point deadline_;
};

}  // namespace foresee::planner
