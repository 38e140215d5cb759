// Where librdkafka's own log lines go.
#pragma once

#include <functional>
#include <string_view>

namespace foldstream::kafka {

// `level` as in syslog: 0 emergency … 4 warning … 6 information, 7 debug.
using LineSink = std::function<void(int level, std::string_view facility, std::string_view text)>;

// For every handle of the process, from now on. The sink is called from librdkafka's threads,
// several at a time. Unset: warnings and worse go to stderr, the rest nowhere.
void set_log_sink(LineSink sink);

// What the handles call; any thread.
void write_log(int level, std::string_view facility, std::string_view text);

}  // namespace foldstream::kafka
