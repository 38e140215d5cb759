// Finished rows of read.orders, one an event: for those who apply rows and fold none, and what they
// add up to in the end, for whoever wants to know whether all is there.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "bench/orders/actions.hpp"
#include "bench/orders/report.hpp"
#include "bench/orders/row_text.hpp"
#include "bench/orders/sender.hpp"
#include "cli/log_tail.hpp"
#include "common/codec/json_object.hpp"
#include "common/fold/table_plan.hpp"
#include "domains/registry.hpp"
#include "foldstream/orders/v1/rows.pb.h"

namespace foldstream::bench {

namespace {

constexpr std::uint32_t linger_ms = 5;
constexpr std::int64_t poll_every = 1'000;
constexpr std::int64_t say_every = 20'000;
// The columns that bare_upsert knows.
constexpr const char* columns_of_file[] = {
    "order_id",    "customer_id", "customer_name", "customer_email", "status",
    "total_minor", "item_count",  "version",       "created_at",     "updated_at"};

// What the rows of all partitions are in the end.
struct Sums {
    std::int64_t events = 0;
    std::int64_t rows = 0;
    std::int64_t versions = 0;
    std::int64_t totals = 0;
    std::int64_t digest_ends = 0;  // the last 32 bits of each row's digest, added up
};

// One log after the other: a row ends in the partition where it began.
class ImageMaker {
public:
    ImageMaker(const kafka::Settings& settings, const Images& images)
        : domain_(*domains::registry().find("orders")),
          projection_(*domain_.find_projection("orders")),
          plan_(projection_),
          secret_(bytes_of(images.secret)),
          log_(settings, "orders"),
          sender_(settings, images.topic, linger_ms),
          file_(images.file, std::ios::binary) {
        for (const char* name : columns_of_file) {
            const fold::Column* column = plan_.find(name);
            if (column == nullptr) throw std::logic_error(std::string("no column ") + name);
            file_columns_.push_back(static_cast<std::size_t>(column - plan_.columns().data()));
        }
    }

    void run() {
        std::vector<std::pair<std::string, std::string>> digests;
        Figures figures;
        for (Partition p(0); p.value < sender_.partitions(); ++p.value) {
            make(p);
            const std::string number = std::to_string(p.value);
            digests.emplace_back("digests_" + number, hex(vector_of_rows().bytes()));
            figures.emplace_back("sequence_" + number, static_cast<std::int64_t>(last_.value));
            rows_.clear();
        }
        sender_.flush();
        if (!file_.flush()) throw std::runtime_error("the file of rows could not be written");
        figures.insert(figures.end(), {{"events", sums_.events},
                                       {"rows", sums_.rows},
                                       {"versions", sums_.versions},
                                       {"totals", sums_.totals},
                                       {"digest_ends", sums_.digest_ends}});
        say_text(digests);
        say(figures);
    }

private:
    struct Row {
        std::unique_ptr<fold::Message> message;
        Version version;
        fold::RowDigest digest{};
    };

    void make(Partition partition) {
        last_ = Sequence(0);
        log_.open(partition);
        log_.read_to_end(partition, [&](const cli::LogTail::Item& item) {
            if (const auto* valid = std::get_if<replay::ValidEntries>(&item.result)) {
                Sequence sequence = valid->first;
                for (const v1::Entry& entry : valid->body.entries()) {
                    apply(partition, entry, sequence);
                    ++sequence.value;
                }
            }
            return true;
        });
    }

    void apply(Partition partition, const v1::Entry& entry, Sequence sequence) {
        fold::Meta meta;
        meta.aggregate_id = entry.aggregate_id();
        meta.domain = domain_.name;
        meta.partition = partition;
        meta.sequence = sequence;
        meta.time_ms = entry.time_ms();
        meta.principal = entry.principal();
        for (const v1::Event& event : entry.events()) {
            const fold::EventType* type = domain_.find_event(event.type());
            if (type == nullptr) throw std::runtime_error("unknown event type " + event.type());
            const std::unique_ptr<fold::Message> message(type->prototype->New());
            if (!message->ParseFromString(event.payload()))
                throw std::runtime_error("an event's payload is no " + event.type());
            meta.version = Version(event.version());
            Row& row = rows_[entry.aggregate_id()];
            row.message = projection_.project(std::move(row.message), *type, *message, meta);
            if (!row.message) throw std::runtime_error("an event leaves no row to be applied");
            plan_.canonicalise(*row.message);
            row.version = meta.version;
            row.digest = plan_.digest(*row.message, row.version, secret_);
            send(partition, entry.aggregate_id(), row, sequence);
            write(partition, *row.message);
            ++meta.index;
            last_ = sequence;
            if (++sums_.events % say_every == 0) say_done(sums_.events);
            if (sums_.events % poll_every == 0) sender_.poll();
        }
    }

    // All columns of the table, by name; numbers are numbers, everything else is text.
    void send(Partition partition, const std::string& key, const Row& row, Sequence sequence) {
        codec::JsonObject image;
        for (std::size_t column = 0; column < plan_.columns().size(); ++column) {
            const fold::Column& of = plan_.columns()[column];
            const std::string element = element_of(column, *row.message);
            if (element == "NULL") {
                image.none(of.name);
            } else if (of.kind == fold::ColumnKind::int32 || of.kind == fold::ColumnKind::int64) {
                image.raw(of.name, element);
            } else {
                image.text(of.name, text_of_element(element));
            }
        }
        image.number("_partition", partition.value)
            .number("_bucket", fold::TablePlan::bucket_of(key))
            .number("_version", row.version.value)
            .number("_sequence", sequence.value)
            .text("_digest", "\\x" + hex({reinterpret_cast<const char*>(row.digest.data()),
                                          row.digest.size()}));
        sender_.send(partition, key, image.done());
    }

    void write(Partition partition, const fold::Message& row) {
        file_ << partition.value;
        for (const std::size_t column : file_columns_)
            file_ << '\t' << text_of_element(element_of(column, row));
        file_ << '\n';
    }

    [[nodiscard]] std::string element_of(std::size_t column, const fold::Message& row) const {
        std::string element;
        plan_.append_array_element(column, row, element);
        return element;
    }

    fold::DigestVector vector_of_rows() {
        fold::DigestVector vector;
        for (const auto& [key, row] : rows_) {
            vector.add(fold::TablePlan::bucket_of(key), row.digest);
            ++sums_.rows;
            sums_.versions += static_cast<std::int64_t>(row.version.value);
            sums_.totals += dynamic_cast<const orders::v1::OrderRow&>(*row.message).total_minor();
            std::int64_t end = 0;
            for (std::size_t i = row.digest.size() - 4; i < row.digest.size(); ++i)
                end = end * 256 + row.digest[i];
            sums_.digest_ends += end;
        }
        return vector;
    }

    const fold::DomainModule& domain_;
    const fold::Projection& projection_;
    fold::TablePlan plan_;
    std::vector<std::uint8_t> secret_;
    cli::LogTail log_;
    Sender sender_;
    std::ofstream file_;
    std::vector<std::size_t> file_columns_;
    std::unordered_map<std::string, Row> rows_;  // of one partition
    Sequence last_;                              // of its last entry with events
    Sums sums_;
};

}  // namespace

void make_images(const kafka::Settings& settings, const Images& images) {
    ImageMaker(settings, images).run();
}

}  // namespace foldstream::bench
