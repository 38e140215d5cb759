// An environment failure at Kafka's edge.
#pragma once

#include <stdexcept>
#include <string>

namespace foldstream::kafka {

// `what()` says what was tried and what to turn; retry(): the same call may succeed later.
class Error : public std::runtime_error {
public:
    Error(const std::string& what, bool retry) : std::runtime_error(what), retry_(retry) {}
    [[nodiscard]] bool retry() const { return retry_; }

private:
    bool retry_;
};

// A setting that librdkafka does not know or take: wrong usage, not an environment's failure.
class SettingError : public Error {
public:
    explicit SettingError(const std::string& what) : Error(what, false) {}
};

}  // namespace foldstream::kafka
