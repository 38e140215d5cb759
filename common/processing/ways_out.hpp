// What a message about a partition that stands still tells its operator to do. docs/operations.md
// says more of each.
#pragma once

#include <string_view>

namespace foldstream::processing::ways_out {

inline constexpr std::string_view adopt =
    " (if commands are to go on from what the topic has now: foldctl partitions adopt)";
inline constexpr std::string_view reset =
    " (if this log is the one to go on with: foldctl partitions reset)";
inline constexpr std::string_view fold_from_the_start =
    " (snapshots that a marker vouches for are missing; to fold the log from its start: foldctl "
    "partitions reset)";
inline constexpr std::string_view mend_commands =
    " (mend what it names, it is looked at again; if the topic was recreated: foldctl partitions "
    "adopt)";
inline constexpr std::string_view mend_log =
    " (mend what it names, it is looked at again; if the log was lost, put back its backup, then "
    "foldctl partitions reset)";
inline constexpr std::string_view mend_snapshots =
    " (mend what it names, it is looked at again; if the topic is gone: foldctl topics apply, "
    "then foldctl snapshots delete of every partition of the domain, so that all is written anew)";

}  // namespace foldstream::processing::ways_out
