#include "common/kafka/group_member.hpp"

#include "common/kafka/client.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"

namespace foldstream::kafka {

namespace {

constexpr int warning_level = 4;
// Bound of the events served in one poll; the rest wait for the next one.
constexpr int max_events = 64;

}  // namespace

struct GroupMember::Impl {
    std::string topic;
    Handle handle;
    Queue queue;
    std::set<Partition> assigned;
    bool joined = false;

    static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t event,
                             rd_kafka_topic_partition_list_t* list, void* opaque) {
        auto& self = *static_cast<Impl*>(opaque);
        if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
            self.take(handle, list);
        } else {  // revoked, lost, or an error of the rebalance: nothing is ours
            self.assigned.clear();
            self.joined = false;
            rd_kafka_assign(handle, nullptr);
        }
    }

    // An explicit offset and a pause at once: the member never asks for an offset nor fetches.
    void take(rd_kafka_t* member, rd_kafka_topic_partition_list_t* list) {
        std::set<Partition> next;
        for (int i = 0; i < list->cnt; ++i) {
            list->elems[i].offset = 0;
            next.insert(Partition(list->elems[i].partition));
        }
        const rd_kafka_resp_err_t error = rd_kafka_assign(member, list);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            write_log(warning_level, "GROUP", rd_kafka_err2str(error));
            next.clear();
        } else {
            rd_kafka_pause_partitions(member, list);
        }
        assigned = std::move(next);
        joined = true;
    }
};

GroupMember::GroupMember(const Settings& settings, std::string group, std::string topic,
                         const GroupOptions& options, Wakeup& wakeup)
    : impl_(std::make_unique<Impl>()) {
    impl_->topic = std::move(topic);
    const ConfigValues values = {
        {"group.id", group},
        {"partition.assignment.strategy", "roundrobin"},
        {"session.timeout.ms", std::to_string(options.session_timeout.count())},
        {"heartbeat.interval.ms", std::to_string(options.heartbeat_interval.count())},
        {"max.poll.interval.ms", std::to_string(options.max_poll_interval.count())},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        // Should a fetch slip in between assign and pause, it brings little.
        {"fetch.message.max.bytes", "1024"},
    };
    impl_->handle = make_handle(RD_KAFKA_CONSUMER, settings, values,
                                Callbacks{impl_.get(), &Impl::on_rebalance, nullptr, nullptr});
    rd_kafka_poll_set_consumer(impl_->handle.get());
    impl_->queue.reset(rd_kafka_queue_get_consumer(impl_->handle.get()));
    ring_on(impl_->queue.get(), wakeup);
    const Partitions topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), impl_->topic.c_str(), RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t error = rd_kafka_subscribe(impl_->handle.get(), topics.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fail(settings, "join the group " + group, error);
    }
}

GroupMember::~GroupMember() {
    impl_->queue.reset();
    rd_kafka_consumer_close(impl_->handle.get());
}

bool GroupMember::poll() {
    const std::set<Partition> before = impl_->assigned;
    for (int i = 0; i < max_events; ++i) {
        const Message event(rd_kafka_consumer_poll(impl_->handle.get(), 0));
        if (!event) break;
        if (event->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            write_log(warning_level, "GROUP", rd_kafka_message_errstr(event.get()));
        }
    }
    return impl_->assigned != before;
}

const std::set<Partition>& GroupMember::assigned() const { return impl_->assigned; }

bool GroupMember::joined() const { return impl_->joined; }

void GroupMember::commit(const std::map<Partition, Offset>& next) {
    if (next.empty()) return;
    const Partitions offsets(rd_kafka_topic_partition_list_new(static_cast<int>(next.size())));
    for (const auto& [partition, offset] : next) {
        rd_kafka_topic_partition_list_add(offsets.get(), impl_->topic.c_str(), partition.value)
            ->offset = offset.value;
    }
    rd_kafka_commit(impl_->handle.get(), offsets.get(), 1);
}

std::optional<std::uint64_t> GroupMember::committed(Partition partition) {
    constexpr int timeout_ms = 5000;
    const Partitions asked(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(asked.get(), impl_->topic.c_str(), partition.value);
    const auto error = rd_kafka_committed(impl_->handle.get(), asked.get(), timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || asked->elems[0].offset < 0) return std::nullopt;
    return static_cast<std::uint64_t>(asked->elems[0].offset);
}

}  // namespace foldstream::kafka
