#include "common/codec/frame.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/topics.hpp"
#include "query-service/pollers.hpp"

namespace foldstream::query {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds interval{1'000};
constexpr milliseconds while_somebody_waits{100};
constexpr milliseconds behind_for{1'000};
constexpr std::size_t max_looks = 8;  // a round: each makes a consumer of its own
constexpr int answer_limit_ms = 2'000;

class KafkaLogEnds final : public LogEnds {
public:
    explicit KafkaLogEnds(kafka::Settings settings)
        : settings_(std::move(settings)), admin_(settings_) {}

    std::map<Partition, Offset> ends(const std::string& domain) override {
        return admin_.end_offsets(kafka::events_topic(domain), answer_limit_ms);
    }

    std::optional<Glimpse> look(const std::string& domain, Partition partition,
                                Offset offset) override {
        const auto record = kafka::fetch_one(settings_, kafka::events_topic(domain), partition,
                                             offset, answer_limit_ms);
        if (!record) return std::nullopt;
        Glimpse glimpse{record->append_time_ms(), std::nullopt};
        const auto frame = codec::parse_frame(record->value());
        if (frame && frame->kind == static_cast<std::uint8_t>(codec::FrameKind::entries) &&
            frame->count > 0) {
            glimpse.last = Sequence(frame->sequence.value + frame->count - 1);
        }
        return glimpse;
    }

private:
    kafka::Settings settings_;
    kafka::Admin admin_;
};

}  // namespace

std::unique_ptr<LogEnds> kafka_log_ends(kafka::Settings settings) {
    return std::make_unique<KafkaLogEnds>(std::move(settings));
}

HeadProbe::HeadProbe(PositionBoard& board, std::unique_ptr<LogEnds> logs,
                     std::vector<std::string> domains, const Clock& clock)
    : board_(board),
      logs_(std::move(logs)),
      domains_(std::move(domains)),
      clock_(clock),
      turns_(clock) {
    thread_ = std::thread([this] { run(); });
}

HeadProbe::~HeadProbe() { thread_.join(); }

void HeadProbe::run() {
    std::uint64_t tick = 0;
    do {
        try {
            probe();
            look_behind();
            trouble_.note("");
        } catch (const std::exception& error) {
            trouble_.note(error.what());
        }
        turns_.turn();
    } while (board_.rest(board_.waiting() > 0 ? while_somebody_waits : interval, tick));
}

void HeadProbe::probe() {
    for (const std::string& domain : domains_) {
        const auto asked_at = clock_.steady();
        board_.set_head(domain, asked_at, logs_->ends(domain));
    }
}

void HeadProbe::look_behind() {
    std::size_t looks = 0;
    for (const Overdue& one : board_.overdue(behind_for)) {
        if (++looks > max_looks) return;
        if (one.needs_oldest) {
            const auto oldest = logs_->look(one.source.domain, one.partition, one.seen);
            if (oldest) {
                board_.set_oldest(one.source.projection, one.partition, one.seen,
                                  oldest->append_time_ms);
            }
        }
        if (!one.needs_last) continue;
        const auto last = logs_->look(one.source.domain, one.partition, Offset(one.end.value - 1));
        if (last && last->last) {
            board_.set_last_sequence(one.source.domain, one.partition, one.end, *last->last);
        }
    }
}

}  // namespace foldstream::query
