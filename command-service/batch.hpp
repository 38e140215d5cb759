// A batch of commands: its lines are sent in their order, a window of them at a time, and answered
// in their order when the last outcome is there.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "command-service/gateway_door.hpp"
#include "command-service/gateway_terms.hpp"
#include "common/fold/domain.hpp"

namespace foldstream::command_service {

inline constexpr std::size_t max_batch_lines = 10'000;
// Of one batch, at once: below what one client may have in flight by default.
inline constexpr std::size_t batch_window = 256;

struct BatchContext {
    const fold::Registry* registry = nullptr;
    Door* door = nullptr;
    Terms terms;  // of each line: preferences and trace
    std::string client;
};

// Lives as long as one of its commands is in flight. Its lines go on from whatever thread answers
// one of them.
class Batch : public std::enable_shared_from_this<Batch> {
public:
    // Answers through `respond`, at once or later; more lines than max_batch_lines are 413.
    static void start(BatchContext context, std::string ndjson, Respond respond);

private:
    Batch(BatchContext context, std::string ndjson, Respond respond);

    void go_on();
    void send_window(std::unique_lock<std::mutex>& lock);
    Admission send(std::size_t line);
    [[nodiscard]] Submission submission_of(std::string_view line, http::Response& refusal) const;
    void answered(std::size_t line, http::Response response);
    void note(std::size_t line, http::Response response);  // locked
    void finish();

    BatchContext context_;
    std::string ndjson_;
    std::vector<std::string_view> lines_;
    std::chrono::steady_clock::time_point deadline_;  // of the whole
    Respond respond_;

    std::mutex mutex_;                  // guards all below
    std::vector<std::string> answers_;  // of lines_; empty: not yet
    std::size_t next_ = 0;              // the line to be sent next
    std::size_t in_flight_ = 0;
    bool going_on_ = false;  // some thread is in go_on()
    bool again_ = false;     // and has to look again
    bool finished_ = false;
};

}  // namespace foldstream::command_service
