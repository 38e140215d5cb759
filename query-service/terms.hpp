// What a request asks for besides its rows: which of its own writes it wants to see, how long it
// would wait for them, and which answer it has already.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/core/result.hpp"
#include "common/http/server.hpp"
#include "query-service/places.hpp"

namespace foldstream::query {

inline constexpr std::chrono::seconds default_wait{5};
inline constexpr std::chrono::seconds max_wait{60};

struct Terms {
    std::vector<Place> after;  // Foldstream-After
    std::chrono::milliseconds wait = default_wait;
    std::string if_none_match;
};

// Or a sentence: Foldstream-After is malformed. (A Prefer that is not understood is ignored, RFC
// 7240.)
Result<Terms, std::string> read_terms(const http::Request& request);

// Whether If-None-Match names the tag (weak comparison) or is "*".
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace foldstream::query
