#include "query-service/pollers.hpp"

namespace foldstream::query {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds while_somebody_waits{20};
constexpr milliseconds statement_limit{5'000};

postgres::ConnectionSettings for_polling(postgres::ConnectionSettings settings) {
    settings.application_name += "-poller";
    settings.statement_timeout = statement_limit;
    return settings;
}

}  // namespace

Trouble::Trouble(std::string logger, std::string fine, std::string failing)
    : log_(std::move(logger)), fine_(std::move(fine)), failing_(std::move(failing)) {}

void Trouble::note(std::string why) {
    const std::lock_guard lock(mutex_);
    if (!told_ || why_.empty() != why.empty()) {
        if (why.empty()) {
            log_.info(fine_);
        } else {
            log_.warning(failing_, {{"error", why}});
        }
    }
    told_ = true;
    why_ = std::move(why);
}

std::string Trouble::why() const {
    const std::lock_guard lock(mutex_);
    return why_;
}

CheckpointPoller::CheckpointPoller(PositionBoard& board, postgres::ConnectionSettings settings,
                                   milliseconds interval, const Clock& clock)
    : board_(board),
      pool_(for_polling(std::move(settings)), 1),
      interval_(interval),
      turns_(clock) {
    thread_ = std::thread([this] { run(); });
}

CheckpointPoller::~CheckpointPoller() { thread_.join(); }

void CheckpointPoller::run() {
    std::uint64_t tick = 0;
    do {
        try {
            poll();
            trouble_.note("");
        } catch (const std::exception& error) {
            trouble_.note(error.what());
        }
        board_.expire();
        turns_.turn();
    } while (board_.rest(board_.waiting() > 0 ? while_somebody_waits : interval_, tick));
}

void CheckpointPoller::poll() {
    static const std::string sql =
        "SELECT p.name, p.domain, c.partition_count, c.partition, c.sequence, c.seen_offset "
        "FROM foldstream.projection p LEFT JOIN foldstream.checkpoint c "
        "ON c.projection = p.name AND c.generation = p.active_generation";
    const postgres::Result result = pool_.query(sql, {}, statement_limit);
    std::map<std::string, ProjectionState> states;
    for (std::size_t row = 0; row < result.rows(); ++row) {
        ProjectionState& state = states[result.text(row, 0)];
        state.domain = result.text(row, 1);
        if (!result.get(row, 2)) continue;
        state.partition_count = static_cast<std::int32_t>(result.integer(row, 2));
        state.partitions[Partition(static_cast<std::int32_t>(result.integer(row, 3)))] = {
            Sequence(static_cast<std::uint64_t>(result.integer(row, 4))),
            Offset(result.integer(row, 5))};
    }
    board_.set_checkpoints(std::move(states));
}

}  // namespace foldstream::query
