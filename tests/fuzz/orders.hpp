// The domain whose records the fuzz targets read.
#pragma once

#include "common/codec/protobuf_log.hpp"
#include "common/fold/domain.hpp"
#include "domains/registry.hpp"

namespace foldstream::fuzz {

inline const fold::DomainModule& orders() {
    static const fold::DomainModule& found = []() -> const fold::DomainModule& {
        codec::mute_protobuf_log();
        return *domains::registry().find("orders");
    }();
    return found;
}

}  // namespace foldstream::fuzz
