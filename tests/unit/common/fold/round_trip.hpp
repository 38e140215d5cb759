// load(store(row)) == row: the property that digests, rebuilds and audits rest on.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "common/fold/table_plan.hpp"
#include "tests/unit/common/fold/generated.hpp"
#include "tests/unit/common/fold/stand_in.hpp"

namespace foldstream::testing {

// Bit by bit: unlike a comparison by value it knows -0.0 from 0.0 and one NaN from another.
inline std::string bits(const google::protobuf::Message& message) {
    std::string out;
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
    coded.Trim();
    return out;
}

inline std::unique_ptr<google::protobuf::Message> stored_and_loaded(
    const fold::TablePlan& plan, const google::protobuf::Message& row) {
    std::unique_ptr<google::protobuf::Message> loaded(row.New());
    for (std::size_t i = 0; i < plan.columns().size(); ++i) {
        std::string literal = "{";
        plan.append_array_element(i, row, literal);
        const auto elements = parse_array(literal + "}");
        EXPECT_EQ(elements.size(), 1U);
        const auto& stored = elements.at(0);
        bool sound = false;
        if (stored) {
            const std::string text = printed(plan.columns()[i].kind, *stored);
            sound = plan.load(i, *loaded, text);
        } else {
            EXPECT_TRUE(plan.columns()[i].nullable) << plan.columns()[i].name;
            sound = plan.load(i, *loaded, std::nullopt);
        }
        EXPECT_TRUE(sound) << plan.columns()[i].name << ": " << stored.value_or("NULL");
    }
    return loaded;
}

inline void expect_rows_survive(const fold::TablePlan& plan, std::uint64_t seeds) {
    const std::array<std::uint8_t, 192> secret{1, 2, 3};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::unique_ptr<google::protobuf::Message> row(plan.projection().row_prototype->New());
        Generator(seed).fill(*row);
        plan.canonicalise(*row);
        const std::string once = bits(*row);
        plan.canonicalise(*row);
        EXPECT_EQ(bits(*row), once) << "canonicalising twice is another thing than once";
        const auto loaded = stored_and_loaded(plan, *row);
        EXPECT_EQ(bits(*loaded), once) << row->ShortDebugString() << "\n came back as\n"
                                       << loaded->ShortDebugString();
        EXPECT_EQ(plan.digest(*loaded, Version{7}, secret), plan.digest(*row, Version{7}, secret));
        if (::testing::Test::HasFailure()) return;  // one seed is enough to look at
    }
}

}  // namespace foldstream::testing
