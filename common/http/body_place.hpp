// The places for requests with large bodies. Inside common/http only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace foldstream::http {

class Connection;
struct Core;

// One of a route's places: of so many requests at most the bodies are held at once. Given back when
// this goes. Any thread.
class BodyPlace {
public:
    // Nothing when all are taken. Who sends too slowly has to give its place to who comes: else a
    // few connections could keep everybody else out.
    static std::unique_ptr<BodyPlace> take(Core& core, const std::string& route, std::size_t most,
                                           std::weak_ptr<Connection> holder);
    BodyPlace(const BodyPlace&) = delete;
    BodyPlace& operator=(const BodyPlace&) = delete;
    ~BodyPlace();

private:
    BodyPlace(Core& core, std::string route, std::weak_ptr<Connection> holder);

    Core& core_;
    std::string route_;
    std::weak_ptr<Connection> holder_;
};

}  // namespace foldstream::http
