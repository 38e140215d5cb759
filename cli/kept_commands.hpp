// Commands whose bytes the log keeps, and how one of them is sent again. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/command_request.hpp"
#include "cli/outcome_text.hpp"
#include "common/core/ids.hpp"
#include "common/fold/domain.hpp"

namespace foldstream::cli {

struct KeptCommand {
    Partition partition;
    Sequence sequence;
    Offset offset;           // of its record in D.commands; -1: it was no record of this partition
    std::string command_id;  // also when the record had none: then it is derived from its place
    std::string type;
    std::string outcome;  // "refused", "held", …
    std::string code;
    std::optional<std::size_t> bytes;  // nothing: a command whose bytes the broker does not take
    std::int64_t time_ms = 0;          // of its record
};

// Whether the entry keeps bytes, or would if it could.
bool keeps_command(const v1::Entry& entry);

// Nothing when it does not.
std::optional<KeptCommand> kept_command(const fold::DomainModule& domain,
                                        const PlacedEntry& placed);

// The newest `limit` of them (0: all), oldest first.
class KeptCommands {
public:
    KeptCommands(const fold::DomainModule& domain, bool crashed_only, std::size_t limit)
        : domain_(domain), crashed_only_(crashed_only), limit_(limit) {}

    // Any entry; of one partition in order.
    void feed(const PlacedEntry& placed);
    [[nodiscard]] std::vector<KeptCommand> newest() const;

private:
    const fold::DomainModule& domain_;
    bool crashed_only_;
    std::size_t limit_;
    std::vector<std::deque<KeptCommand>> by_partition_;
};

std::string kept_text(const std::vector<KeptCommand>& commands);
std::string kept_json(const std::string& domain, const std::vector<KeptCommand>& commands);

// The kept command as a record again: packed, with the command id that it had. `given`: the key,
// the operator's or that of the first record as the topic has it; nothing: the entry keeps it, or
// it is read out of the body. What cannot be decoded goes to the partition that it was in. A
// sentence when the key is needed and cannot be known.
std::variant<CommandToSend, std::string> record_again(const fold::DomainModule& domain,
                                                      const PlacedEntry& placed,
                                                      const std::optional<std::string>& given,
                                                      std::int32_t partitions);

}  // namespace foldstream::cli
