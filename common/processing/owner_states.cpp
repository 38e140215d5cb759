#include "common/processing/owner_states.hpp"

#include <array>
#include <cstddef>

namespace foldstream::processing {

std::string_view name(OwnerState state) {
    static constexpr std::array<std::string_view, 9> names = {
        "idle",   "restoring",   "catching_up", "claiming", "verifying",
        "owning", "backing_off", "draining",    "stopped"};
    return names[static_cast<std::size_t>(state)];
}

bool allowed(OwnerState from, OwnerState to) {
    using enum OwnerState;
    if (to == stopped) return from != stopped;
    if (to == idle) return from != idle;
    switch (from) {
        case idle:
            return to == restoring || to == catching_up;
        case restoring:
            return to == catching_up;
        case catching_up:
            return to == claiming || to == restoring;
        case claiming:
            return to == verifying || to == backing_off || to == restoring;
        case verifying:
            return to == owning || to == backing_off;
        case owning:
            return to == draining || to == backing_off;
        case backing_off:
            return to == catching_up || to == restoring;
        case draining:
            return to == owning;
        case stopped:
            return false;
    }
    return false;
}

}  // namespace foldstream::processing
