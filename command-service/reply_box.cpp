#include "command-service/reply_box.hpp"

#include <charconv>
#include <system_error>

#include "common/codec/partitioner.hpp"

namespace foldstream::command_service {

ReplyBox::ReplyBox(std::string name, std::int32_t partitions)
    : prefix_(std::move(name) + ":"), partition_(codec::partition_of(prefix_, partitions)) {}

v1::ReplyAddress ReplyBox::address(Ticket ticket) const {
    v1::ReplyAddress address;
    address.set_partition(partition_.value);
    address.set_instance(prefix_ + std::to_string(ticket));
    return address;
}

Ticket ReplyBox::ticket_of(std::string_view key) const {
    if (prefix_.empty() || !key.starts_with(prefix_)) return 0;
    key.remove_prefix(prefix_.size());
    Ticket ticket = 0;
    const auto read = std::from_chars(key.data(), key.data() + key.size(), ticket);
    return read.ec == std::errc() && read.ptr == key.data() + key.size() ? ticket : 0;
}

}  // namespace foldstream::command_service
