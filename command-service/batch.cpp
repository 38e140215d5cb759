#include "command-service/batch.hpp"

#include <algorithm>
#include <utility>

#include "command-service/batch_line.hpp"
#include "command-service/gateway_answer.hpp"
#include "command-service/gateway_routes.hpp"
#include "common/fold/command_record.hpp"

namespace foldstream::command_service {

using std::chrono::steady_clock;

void Batch::start(BatchContext context, std::string ndjson, Respond respond) {
    // shared: the callbacks of its commands hold it
    const std::shared_ptr<Batch> batch(
        new Batch(std::move(context), std::move(ndjson), std::move(respond)));
    if (batch->lines_.size() > max_batch_lines) {
        batch->respond_(
            too_large_answer("a batch may have " + std::to_string(max_batch_lines) + " lines"));
        return;
    }
    batch->go_on();
}

Batch::Batch(BatchContext context, std::string ndjson, Respond respond)
    : context_(std::move(context)),
      ndjson_(std::move(ndjson)),
      lines_(lines_of(ndjson_)),
      deadline_(steady_clock::now() + max_wait),
      respond_(std::move(respond)),
      answers_(lines_.size()) {}

// One thread at a time, so that lines go in their order.
void Batch::go_on() {
    {
        std::unique_lock lock(mutex_);
        if (going_on_) {
            again_ = true;
            return;
        }
        going_on_ = true;
        do {
            again_ = false;
            send_window(lock);
        } while (again_);
        going_on_ = false;
        if (next_ < lines_.size() || in_flight_ > 0 || finished_) return;
        finished_ = true;
    }
    finish();
}

void Batch::send_window(std::unique_lock<std::mutex>& lock) {
    while (next_ < lines_.size() && in_flight_ < batch_window) {
        const std::size_t line = next_++;
        ++in_flight_;
        lock.unlock();
        const Admission admission = send(line);
        lock.lock();
        if (admission == Admission::admitted) continue;
        --in_flight_;
        // The next one of ours that is answered makes room.
        if (admission != Admission::closed && in_flight_ > 0) {
            next_ = line;
            return;
        }
        note(line, not_admitted_answer(admission));
    }
}

Admission Batch::send(std::size_t line) {
    const auto respond = [self = shared_from_this(), line](http::Response response) {
        self->answered(line, std::move(response));
    };
    http::Response refusal;
    const Submission submission = submission_of(lines_[line], refusal);
    if (submission.type != nullptr) return context_.door->submit(submission, respond);
    respond(std::move(refusal));
    return Admission::admitted;
}

// Without a type: refused.
Submission Batch::submission_of(std::string_view line, http::Response& refusal) const {
    Submission submission;
    if (line.size() > fold::max_command_bytes) {
        refusal = too_large_answer("a line may have " + std::to_string(fold::max_command_bytes) +
                                   " bytes");
        return submission;
    }
    auto read = read_batch_line(line);
    if (!read) {
        refusal = invalid_answer(read.error());
        return submission;
    }
    submission.domain = context_.registry->find(read->domain);
    const auto* type =
        submission.domain != nullptr ? find_short(*submission.domain, read->command) : nullptr;
    if (type == nullptr) {
        refusal = missing_answer(read->domain + " has no command " + read->command);
        return submission;
    }
    const auto now = steady_clock::now();
    if (now >= deadline_) {
        refusal = unavailable_answer();
        return submission;
    }
    submission.type = type;
    submission.command_id = std::move(read->command_id);
    if (read->expected_version) {
        submission.expected_version = std::to_string(*read->expected_version);
    }
    submission.dry_run = context_.terms.dry_run;
    submission.traceparent = context_.terms.traceparent;
    submission.body = read->body;
    submission.words = Words::members;
    submission.client = context_.client;
    submission.wish = context_.terms.wish;
    submission.deadline = std::min(now + context_.terms.wait, deadline_);
    return submission;
}

void Batch::answered(std::size_t line, http::Response response) {
    {
        const std::lock_guard lock(mutex_);
        --in_flight_;
        note(line, std::move(response));
    }
    go_on();
}

void Batch::note(std::size_t line, http::Response response) {
    answers_[line] = as_line(std::move(response));
}

// Every line is answered, so nobody else is here.
void Batch::finish() {
    http::Response response;
    response.content_type = "application/x-ndjson";
    for (std::string& answer : answers_) {
        response.body += answer;
        response.body += '\n';
        answer = {};
    }
    respond_(std::move(response));
}

}  // namespace foldstream::command_service
