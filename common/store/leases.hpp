// Who has which partition of a store open in this process.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/core/ids.hpp"

namespace foldstream::store {

// Any thread. A lease may outlive the Leases that gave it.
class Leases {
    struct Taken {
        std::mutex mutex;
        std::set<std::pair<std::string, Partition>> places;
    };

public:
    // Ends with its destructor, which also orders what its thread did to the partition before what
    // the next holder does.
    class Lease {
    public:
        Lease(std::shared_ptr<Taken> taken, std::pair<std::string, Partition> place)
            : taken_(std::move(taken)), place_(std::move(place)) {}
        ~Lease() {
            const std::lock_guard lock(taken_->mutex);
            taken_->places.erase(place_);
        }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

    private:
        std::shared_ptr<Taken> taken_;
        std::pair<std::string, Partition> place_;
    };

    // nullptr while somebody holds the partition's.
    std::unique_ptr<Lease> take(std::string_view domain, Partition partition) {
        std::pair place(std::string(domain), partition);
        const std::lock_guard lock(taken_->mutex);
        if (!taken_->places.insert(place).second) return nullptr;
        return std::make_unique<Lease>(taken_, std::move(place));
    }

private:
    std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();  // shared: with the leases
};

}  // namespace foldstream::store
