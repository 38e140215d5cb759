#include "command-service/gateway.hpp"

#include <algorithm>
#include <utility>

#include "command-service/gateway_answer.hpp"
#include "command-service/gateway_command.hpp"
#include "command-service/gateway_routes.hpp"
#include "common/core/random.hpp"
#include "common/core/uuid.hpp"

namespace foldstream::command_service {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// How late an answer may be that says that the time is over.
constexpr milliseconds expiry_interval{50};
// What the server needs to write the last answers.
constexpr milliseconds last_words{500};

CommandDraft draft_of(const Submission& submission) {
    CommandDraft draft;
    draft.domain = submission.domain;
    draft.type = submission.type;
    draft.key = submission.key;
    draft.expected_version = submission.expected_version;
    draft.dry_run = submission.dry_run;
    draft.traceparent = submission.traceparent;
    draft.body = submission.body;
    if (submission.command_id) {
        draft.command_id = *submission.command_id;
    } else {
        KernelRandom random;
        draft.command_id = Uuid::random(random).text();
    }
    return draft;
}

// The topic's headers by the names that the client used.
void rename(std::vector<codec::Violation>& violations, Words words) {
    const bool headers = words == Words::headers;
    for (codec::Violation& violation : violations) {
        if (violation.field == "ce_id") {
            violation.field = headers ? "Idempotency-Key" : "commandId";
        } else if (violation.field == "expected_version") {
            violation.field = headers ? "If-Match" : "expectedVersion";
        }
    }
}

// All that is wrong at once.
http::Response refusal_of(const Submission& submission, NotPacked refused) {
    if (refused.too_large) return too_large_answer("the command " + refused.violations[0].message);
    rename(refused.violations, submission.words);
    std::vector<codec::Violation> all = submission.violations;
    all.insert(all.end(), refused.violations.begin(), refused.violations.end());
    return invalid_answer(all);
}

}  // namespace

Gateway::Gateway(const GatewayOptions& options, kafka::Settings settings,
                 const fold::Registry& registry, runtime::Metrics& metrics)
    : probe_(metrics),
      in_flight_(options.max_in_flight, options.max_in_flight_per_client),
      loop_(std::move(settings), registry.names(), in_flight_, probe_) {
    server_ = std::make_unique<http::Server>(options.http.serving(),
                                             make_routes(registry, *this, options), &metrics);
    expirer_ = std::thread([this] { answer_expired(); });
}

Gateway::~Gateway() {
    drain(milliseconds(0));
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    over_.notify_all();
    expirer_.join();
}

Admission Gateway::submit(const Submission& submission, Respond respond) {
    auto packed = pack(draft_of(submission));
    if (!packed || !submission.violations.empty()) {
        respond(refusal_of(submission, packed ? NotPacked{} : std::move(packed.error())));
        return Admission::admitted;
    }
    if (!loop_.can_send(submission.domain->name)) {
        respond(unavailable_answer());
        return Admission::admitted;
    }
    Waiting waiting;
    waiting.client = submission.client;
    waiting.command_id = packed->command.command_id();
    waiting.if_match = submission.if_match;
    waiting.wish = submission.wish;
    waiting.deadline = submission.deadline;
    waiting.respond = std::move(respond);
    const auto [admission, ticket] = in_flight_.admit(std::move(waiting));
    if (admission == Admission::full) probe_.full().Increment();
    if (admission == Admission::client_full) probe_.client_full().Increment();
    if (admission != Admission::admitted) return admission;
    probe_.in_flight().Set(static_cast<double>(in_flight_.size()));
    loop_.send(ticket, std::move(packed).value());
    return admission;
}

void Gateway::answer_expired() {
    std::unique_lock lock(mutex_);
    while (!over_.wait_for(lock, expiry_interval, [this] { return ended_; })) {
        for (Waiting& waiting : in_flight_.expired(steady_clock::now())) {
            probe_.expired().Increment();
            waiting.respond(expired_answer(waiting));
        }
        probe_.in_flight().Set(static_cast<double>(in_flight_.size()));
    }
}

void Gateway::drain(milliseconds grace) {
    draining_ = true;
    in_flight_.no_later_than(steady_clock::now() + std::max(grace - last_words, milliseconds(0)));
    server_->stop(grace);
    in_flight_.close();
    loop_.stop();
}

std::string Gateway::why_not_ready() const {
    return draining_ ? "is draining" : loop_.why_not_ready();
}

}  // namespace foldstream::command_service
