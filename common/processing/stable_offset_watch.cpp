#include "common/processing/stable_offset_watch.hpp"

namespace foldstream::processing {

StableOffsetWatch::Look StableOffsetWatch::look(const std::optional<kafka::Watermarks>& told,
                                                Time now) {
    if (!told || told->stable >= told->high) {
        stands_.reset();
        return {};
    }
    // One that moves is behind short transactions, one after the other: nothing stands still.
    if (stands_ != told->stable) {
        stands_ = told->stable;
        since_ = now;
    }
    Look look{now - since_, false};
    look.warn = look.held >= alarming && (!warned_ || now - *warned_ >= between_warnings);
    if (look.warn) warned_ = now;
    return look;
}

}  // namespace foldstream::processing
