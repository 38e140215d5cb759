#include "cli/partition_adoption.hpp"

#include <ostream>

#include "cli/decided_record.hpp"
#include "cli/dispatch.hpp"
#include "cli/log_tail.hpp"
#include "cli/operator.hpp"
#include "cli/partition_report.hpp"
#include "cli/topic_writer.hpp"
#include "common/codec/frame.hpp"
#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

constexpr int most_attempts = 5;

// The log's partition, read to its end, and what an adoption writes into it. One run.
class Adoption {
public:
    Adoption(const AdoptionOptions& options, const Connections& connections, const Console& console)
        : options_(options), connections_(connections), tail_(connections.kafka, options.domain) {
        find_domain(domains::registry(), options.domain);
        const std::string topic = kafka::commands_topic(options.domain);
        partitions_ = partitions_of(connections, kafka::events_topic(options.domain));
        partition_ = checked_partition(options.domain, options.partition, partitions_);
        const std::int32_t commands = partitions_of(connections, topic);
        if (commands != partitions_) {
            throw kafka::Error(topic + " has " + std::to_string(commands) +
                                   " partitions, the log has " + std::to_string(partitions_) +
                                   ": make it anew with as many (foldctl topics apply)",
                               false);
        }
        tail_.open(partition_, start_of(connections, console, options.domain, partition_));
    }

    AdoptionView look(const Console& console) {
        Progress progress(console, "reading " + kafka::events_topic(options_.domain) +
                                       " partition " + std::to_string(partition_.value));
        tail_.read_to_end(
            partition_,
            [this](const LogTail::Item& item) {
                note(item.result);
                return true;
            },
            &progress);
        const replay::LogReader& log = tail_.log(partition_);
        kafka::Admin admin(connections_.kafka);
        const std::string topic = kafka::commands_topic(options_.domain);
        AdoptionView view;
        view.domain = options_.domain;
        view.partition = partition_;
        view.epoch = log.position().epoch;
        view.sequence = log.position().sequence;
        view.next_offset = log.next_offset();
        view.last = last_;
        view.begin = admin.begin_offsets(topic).at(partition_);
        view.end = admin.end_offsets(topic).at(partition_);
        view.record = compare(view);
        return view;
    }

    // Until a claim of ours is valid: an owner's may come first.
    Adopted claim(Offset next) {
        TopicWriter writer(connections_.kafka, kafka::events_topic(options_.domain), partition_);
        KernelRandom random;
        const std::string who = operator_name();
        for (int attempt = 0; attempt < most_attempts; ++attempt) {
            tail_.read_to_end(partition_);
            v1::Claim claim;
            claim.set_nonce(Uuid::random(random).raw());
            claim.set_owner("foldctl adopt " + who);
            auto& count = *claim.add_partition_counts();
            count.set_domain(options_.domain);
            count.set_partitions(partitions_);
            claim.mutable_adoption()->set_next_offset(static_cast<std::uint64_t>(next.value));
            claim.mutable_adoption()->set_who(who);
            claim.mutable_adoption()->set_why(options_.why);
            const Epoch epoch(tail_.log(partition_).position().epoch.value + 1);
            writer.write(std::nullopt, codec::claim_record(epoch, claim.SerializeAsString()));
            const auto offset = writer.prove();
            if (!offset) {
                throw kafka::Error(
                    "the claim's delivery is not proved: it may come to count later (foldctl "
                    "events tail --raw shows it); say it again when Kafka is well",
                    true);
            }
            if (read_back(*offset, claim.nonce())) return {*offset, epoch, next, who};
        }
        throw kafka::Error("other claims came first " + std::to_string(most_attempts) +
                               " times: owners are claiming " + options_.domain + " partition " +
                               std::to_string(partition_.value) + " all the time",
                           false);
    }

private:
    void note(const replay::ReadResult& result) {
        if (const auto* claim = std::get_if<replay::ValidClaim>(&result)) {
            if (claim->claim.has_adoption()) last_.reset();
        }
        const auto* entries = std::get_if<replay::ValidEntries>(&result);
        if (entries == nullptr) return;
        Sequence sequence = entries->first;
        for (const v1::Entry& entry : entries->body.entries()) {
            if (entry.has_command()) last_ = LastCommand{sequence, entry.command()};
            ++sequence.value;
        }
    }

    [[nodiscard]] AdoptionView::Record compare(const AdoptionView& view) const {
        using enum AdoptionView::Record;
        if (!view.last) return unknown;
        const Offset last(static_cast<std::int64_t>(view.last->input.offset()));
        if (last < view.begin) return deleted;
        if (last >= view.end) return beyond;
        return decided_record(connections_, options_.domain, partition_, view.last->input)
                   ? same
                   : another;
    }

    bool read_back(Offset offset, const std::string& nonce) {
        bool valid = false;
        tail_.read_past(partition_, offset, [&](const LogTail::Item& item) {
            const auto* claim = std::get_if<replay::ValidClaim>(&item.result);
            valid = valid || (claim != nullptr && claim->claim.nonce() == nonce);
            return item.record.offset() < offset;
        });
        return valid;
    }

    const AdoptionOptions& options_;
    const Connections& connections_;
    LogTail tail_;
    std::int32_t partitions_ = 0;
    Partition partition_;
    std::optional<LastCommand> last_;
};

}  // namespace

int adopt(const AdoptionOptions& options, const Connections& connections, const Console& console) {
    Adoption adoption(options, connections, console);
    const AdoptionView view = adoption.look(console);
    const auto next = adopted_offset(options.next_offset, view);
    if (!next) {
        throw UsageError("--next-offset must be begin, end, or a number from " +
                         std::to_string(view.begin.value) + " to " +
                         std::to_string(view.end.value) + ", which the topic has");
    }
    std::ostream& shown = connections.json ? console.err : console.out;
    shown << adoption_view_text(view) << std::flush;
    if (!confirmed(console, options.yes, adoption_question(view, *next))) {
        return runtime::exit_failed;
    }
    const Adopted adopted = adoption.claim(*next);
    console.out << (connections.json ? adopted_json(view, adopted) + "\n"
                                     : adopted_text(view, adopted));
    return runtime::exit_fine;
}

}  // namespace foldstream::cli
