// Where a process gets its replies: in one partition of foldstream.replies, under keys that begin
// with a name that no other process has or had. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "command-service/in_flight.hpp"
#include "common/core/ids.hpp"
#include "foldstream/v1/command.pb.h"

namespace foldstream::command_service {

class ReplyBox {
public:
    ReplyBox() = default;
    ReplyBox(std::string name, std::int32_t partitions);

    [[nodiscard]] Partition partition() const { return partition_; }
    [[nodiscard]] v1::ReplyAddress address(Ticket ticket) const;
    // 0: it is somebody else's.
    [[nodiscard]] Ticket ticket_of(std::string_view key) const;

private:
    std::string prefix_;
    Partition partition_;
};

}  // namespace foldstream::command_service
