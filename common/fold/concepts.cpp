#include "common/fold/concepts.hpp"

namespace foldstream::fold {

std::string Meta::event_id() const {
    std::string id;
    id.reserve(domain.size() + 32);
    id += domain;
    id += ':';
    id += std::to_string(partition.value);
    id += ':';
    id += std::to_string(sequence.value);
    id += ':';
    id += std::to_string(index);
    return id;
}

std::string Context::fresh_id() const {
    std::string name;
    name.reserve(aggregate_id_.size() + command_id_.size() + 24);
    name += aggregate_id_;
    name += '/';
    name += command_id_;
    name += '/';
    name += std::to_string(counter_++);
    return Uuid::v5(space_, name).text();
}

}  // namespace foldstream::fold
