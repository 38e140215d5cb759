#include "cli/events_command.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>

#include "cli/cloud_event.hpp"
#include "cli/command_request.hpp"
#include "cli/log_tail.hpp"
#include "cli/raw_text.hpp"
#include "common/codec/frame.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

constexpr std::chrono::milliseconds nap{200};
constexpr std::chrono::seconds silence_limit{10};
constexpr int body_limit_ms = 10'000;
// Records of one partition before the next one has its turn.
constexpr int turn = 256;

struct TailOptions {
    std::string domain;
    std::optional<std::int32_t> partition;
    bool from_beginning = false;
    bool follow = true;
    std::uint64_t limit = 0;  // 0: none
    bool raw = false;
    std::optional<std::int64_t> body;
};

// Prints what is asked for, partition by partition in turn. One object a run.
class Tail {
public:
    Tail(const TailOptions& options, const Connections& connections, const Console& console)
        : options_(options),
          connections_(connections),
          console_(console),
          domain_(find_domain(domains::registry(), options.domain)),
          log_(connections.kafka, options.domain) {
        const auto ends =
            kafka::Admin(connections.kafka).end_offsets(kafka::events_topic(options.domain));
        for (const auto& [partition, end] : ends) {
            if (options.partition && *options.partition != partition.value) continue;
            from_[partition] = options.from_beginning ? Offset(0) : end;
        }
        if (from_.empty()) {
            throw UsageError("--partition: " + options.domain + " has partitions 0 to " +
                             std::to_string(ends.size() - 1));
        }
        // Validity is a fold from the log's start, also for what comes behind its present end.
        for (const auto& [partition, end] : from_) log_.open(partition);
    }

    int run() {
        auto deadline = std::chrono::steady_clock::now() + silence_limit;
        while (!done_) {
            bool moved = false;
            bool all_ended = true;
            for (const auto& [partition, from] : from_) {
                moved = serve(partition, from) || moved;
                all_ended = all_ended && ended(partition);
            }
            if (done_ || (all_ended && (!options_.follow || stopped_.size() == from_.size()))) {
                break;
            }
            const auto now = std::chrono::steady_clock::now();
            if (moved) {
                deadline = now + silence_limit;
                continue;
            }
            if (!options_.follow && now > deadline) {
                throw kafka::Error("Kafka gives nothing of the log of " + options_.domain +
                                       " (brokers: " + connections_.kafka.brokers + ")",
                                   true);
            }
            console_.out.flush();
            log_.wait(nap);
        }
        return stopped_.empty() ? runtime::exit_fine : runtime::exit_failed;
    }

private:
    [[nodiscard]] bool ended(Partition partition) const {
        return stopped_.contains(partition) || log_.at_end(partition);
    }

    bool serve(Partition partition, Offset from) {
        bool moved = false;
        for (int i = 0; i < turn && !done_; ++i) {
            const auto item = log_.next(partition);
            if (!item) break;
            moved = true;
            if (item->record.offset() >= from) print(partition, *item);
            if (const auto* stop = std::get_if<replay::Stop>(&item->result)) {
                stopped_.insert(partition);
                console_.err << "foldctl: cannot read the log on: "
                             << stop_sentence(options_.domain, partition, *stop) << '\n';
            }
        }
        return moved;
    }

    void print(Partition partition, const LogTail::Item& item) {
        if (options_.raw) {
            const RawRecord record{partition, item.record.offset(), item.record.append_time_ms(),
                                   item.record.value()};
            console_.out << (connections_.json ? raw_json(record, item.result) + "\n"
                                               : raw_text(record, item.result));
            count();
            return;
        }
        const auto* entries = std::get_if<replay::ValidEntries>(&item.result);
        if (entries == nullptr) return;
        fold::Meta meta;
        meta.domain = domain_.name;
        meta.partition = partition;
        meta.sequence = entries->first;
        for (const v1::Entry& entry : entries->body.entries()) {
            meta.index = 0;
            for (const v1::Event& event : entry.events()) {
                if (done_) return;
                console_.out << cloud_event(domain_, meta, entry, event) << '\n';
                ++meta.index;
                count();
            }
            ++meta.sequence.value;
        }
    }

    // A reader of our output that has gone ends the run, too.
    void count() { done_ = ++printed_ == options_.limit || !console_.out; }

    const TailOptions& options_;
    const Connections& connections_;
    const Console& console_;
    const fold::DomainModule& domain_;
    LogTail log_;
    std::map<Partition, Offset> from_;  // printed from there on
    std::set<Partition> stopped_;
    std::uint64_t printed_ = 0;
    bool done_ = false;
};

int print_body(const TailOptions& options, const Connections& connections, const Console& console) {
    find_domain(domains::registry(), options.domain);
    const std::string topic = kafka::events_topic(options.domain);
    const auto count = kafka::Admin(connections.kafka).partitions(topic);
    if (!options.partition && count.value_or(0) != 1) {
        throw UsageError("--body needs --partition");
    }
    const Partition partition(options.partition.value_or(0));
    const auto record =
        kafka::fetch_one(connections.kafka, topic, partition, Offset(*options.body), body_limit_ms);
    if (!record) {
        throw kafka::Error("there is no record at offset " + std::to_string(*options.body) +
                               " of " + topic + " partition " + std::to_string(partition.value),
                           false);
    }
    if (!codec::parse_frame(record->value())) {
        throw kafka::Error("the record has no frame: it is none of Foldstream's", false);
    }
    console.out << codec::body_of(record->value());
    return runtime::exit_fine;
}

}  // namespace

void add_events(CLI::App& app, const Connections& connections, const Console& console,
                Action& action) {
    CLI::App* events = app.add_subcommand("events", "the log of a domain");
    const auto options = std::make_shared<TailOptions>();  // shared: lives in the callback
    CLI::App* tail = events->add_subcommand(
        "tail",
        "print events as CloudEvents JSON, one a line; of each partition in order, partitions in "
        "no order among each other");
    tail->add_option("domain", options->domain, "for example orders")->required();
    tail->add_option("--partition", options->partition, "this one alone (default: all)")
        ->check(CLI::Range(0, 1'000'000));
    tail->add_flag("--from-beginning", options->from_beginning,
                   "from the log's start (default: what is appended from now on)");
    tail->add_flag("--follow,!--no-follow", options->follow,
                   "wait for more at the end (default), or end there");
    tail->add_option("--limit", options->limit,
                     "end after so many events, with --raw records; 0: no limit")
        ->check(CLI::Validator(runtime::refuse_negative, ""))
        ->capture_default_str();
    CLI::Option* raw = tail->add_flag(
        "--raw", options->raw,
        "every record instead: offset, frame, verdict (and why it is ignored), its entries");
    tail->add_option("--body", options->body,
                     "with --raw: write the body of the record at this offset to standard output, "
                     "for protoc --decode foldstream.v1.Entries (or Claim)")
        ->check(CLI::Validator(runtime::refuse_negative, ""))
        ->needs(raw);
    tail->callback([&, options] {
        action = [&, options] {
            if (options->body) return print_body(*options, connections, console);
            return Tail(*options, connections, console).run();
        };
    });
}

}  // namespace foldstream::cli
