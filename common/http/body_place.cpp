#include "common/http/body_place.hpp"

#include <utility>
#include <vector>

#include "common/http/session.hpp"

namespace foldstream::http {

BodyPlace::BodyPlace(Core& core, std::string route, std::weak_ptr<Connection> holder)
    : core_(core), route_(std::move(route)), holder_(std::move(holder)) {}

BodyPlace::~BodyPlace() {
    const std::lock_guard lock(core_.mutex);
    core_.places[route_].erase(this);  // nothing when it was taken away
}

std::unique_ptr<BodyPlace> BodyPlace::take(Core& core, const std::string& route, std::size_t most,
                                           std::weak_ptr<Connection> holder) {
    std::unique_ptr<BodyPlace> place(new BodyPlace(core, route, std::move(holder)));
    std::vector<std::pair<BodyPlace*, std::shared_ptr<Connection>>> taken;
    {
        const std::lock_guard lock(core.mutex);
        auto& places = core.places[route];
        if (places.size() < most) {
            places.insert(place.get());
            return place;
        }
        for (BodyPlace* other : places) taken.emplace_back(other, other->holder_.lock());
    }
    for (const auto& [other, connection] : taken) {
        if (!connection || !connection->give_way_if_slow()) continue;
        const std::lock_guard lock(core.mutex);
        auto& places = core.places[route];
        places.erase(other);
        if (places.size() >= most) continue;
        places.insert(place.get());
        return place;
    }
    return nullptr;
}

}  // namespace foldstream::http
