// Events as they leave: CloudEvents 1.0 in JSON. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/fold/concepts.hpp"
#include "common/fold/domain.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::cli {

// One object, no line end: specversion, id (the event id), source
// "/foldstream/<domain>/<partition>", type, subject (the aggregate), time, datacontenttype, data,
// and the extensions sequence, aggregateversion, commandid, traceparent (absent when empty). An
// event of a type that this binary does not know, or cannot read, has its bytes in data_base64.
std::string cloud_event(const fold::DomainModule& domain, const fold::Meta& meta,
                        const v1::Entry& entry, const v1::Event& event);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace foldstream::cli
