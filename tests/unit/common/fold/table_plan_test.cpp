#include "common/fold/table_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "foldstream/orders/v1/rows.pb.h"
#include "tests/unit/common/fold/everything.hpp"
#include "tests/unit/common/fold/round_trip.hpp"

namespace foldstream::fold {
namespace {

using testing::described;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::projection_of;

using Secret = std::array<std::uint8_t, 192>;

// A row message of a string "id", a list "tags" and whatever is added.
std::string refusal(const std::string& options, const std::string& fields = "") {
    const Projection projection = projection_of(described(R"(message_type {
        name: "Thing" options { [foldstream.v1.row] { )" + options +
                                                          R"( } }
        field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
        field { name: "tags" number: 2 type: TYPE_STRING label: LABEL_REPEATED }
        field { name: "amount" number: 3 type: TYPE_INT64 label: LABEL_OPTIONAL } )" +
                                                          fields + "}"));
    try {
        const TablePlan plan(projection);
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "";
}

class EveryType : public ::testing::Test {
protected:
    // The text of the column after Postgres has had the row.
    std::optional<std::string> element(const std::string& column, const Message& row) {
        const Column* found = plan_.find(column);
        std::string literal = "{";
        plan_.append_array_element(static_cast<std::size_t>(found - plan_.columns().data()), row,
                                   literal);
        return testing::parse_array(literal + "}").at(0);
    }
    bool load(const std::string& column, std::optional<std::string_view> text) {
        const Column* found = plan_.find(column);
        return plan_.load(static_cast<std::size_t>(found - plan_.columns().data()), *row_, text);
    }
    const google::protobuf::FieldDescriptor* field(const std::string& name) {
        return row_->GetDescriptor()->FindFieldByName(name);
    }
    const google::protobuf::Reflection& reflection() { return *row_->GetReflection(); }

    Projection projection_ = projection_of(testing::everything());
    TablePlan plan_{projection_};
    std::unique_ptr<Message> row_{testing::everything().New()};
};

TEST_F(EveryType, comes_back_from_the_table_as_it_went_in) {
    testing::expect_rows_survive(plan_, 400);
}

TEST_F(EveryType, has_its_type_in_the_table) {
    const auto type = [&](const char* name) { return plan_.find(name)->sql_type; };
    EXPECT_EQ(type("words_of"), "text COLLATE \"C\"");
    EXPECT_EQ(type("colour"), "text COLLATE \"C\"");
    EXPECT_EQ(type("flag"), "bool");
    EXPECT_EQ(type("small"), "int4");
    EXPECT_EQ(type("large"), "int8");
    EXPECT_EQ(type("natural"), "int8");
    EXPECT_EQ(type("number"), "float8");
    EXPECT_EQ(type("narrow"), "float8");
    EXPECT_EQ(type("raw"), "bytea");
    EXPECT_EQ(type("at"), "timestamptz");
    EXPECT_EQ(type("inner"), "jsonb");
    EXPECT_EQ(type("words"), "jsonb");
}

TEST_F(EveryType, is_null_only_where_absence_can_be_told) {
    std::vector<std::string> nullable;
    for (const Column& column : plan_.columns()) {
        if (column.nullable) nullable.push_back(column.name);
    }
    EXPECT_THAT(nullable, ElementsAre("at", "inner", "left", "right", "both", "maybe_text",
                                      "maybe_number", "maybe_raw", "maybe_colour"));
    EXPECT_EQ(element("maybe_text", *row_), std::nullopt);
    EXPECT_EQ(element("words_of", *row_), "");
    EXPECT_TRUE(load("maybe_text", std::nullopt));
    EXPECT_FALSE(load("words_of", std::nullopt));
}

TEST_F(EveryType, is_written_as_postgres_reads_it) {
    reflection().SetString(row_.get(), field("raw"), std::string("\x00\xFF\x10", 3));
    reflection().SetEnumValue(row_.get(), field("colour"), 3);
    reflection().SetDouble(row_.get(), field("number"), -std::numeric_limits<double>::infinity());
    reflection().SetBool(row_.get(), field("flag"), true);
    reflection().AddEnumValue(row_.get(), field("colours"), -1);
    set_time_ms(*reflection().MutableMessage(row_.get(), field("at")), 1768991400123);
    EXPECT_EQ(element("raw", *row_), "\\x00ff10");
    EXPECT_EQ(element("colour", *row_), "dark-red");
    EXPECT_EQ(element("number", *row_), "-Infinity");
    EXPECT_EQ(element("flag", *row_), "t");
    EXPECT_EQ(element("colours", *row_), R"(["null"])");
    EXPECT_EQ(element("at", *row_), "2026-01-21T10:30:00.123Z");
}

TEST_F(EveryType, has_the_binary_form_that_postgres_receives) {
    using namespace std::string_literals;
    const auto binary = [&](const std::string& column) {
        std::string out;
        plan_.append_binary_element(
            static_cast<std::size_t>(plan_.find(column) - plan_.columns().data()), *row_, out);
        return out;
    };
    EXPECT_EQ(binary("at"), "\xff\xff\xff\xff");
    EXPECT_EQ(binary("words_of"), "\0\0\0\0"s);
    reflection().SetString(row_.get(), field("words_of"), "\"a,\\");
    reflection().SetString(row_.get(), field("raw"), "\0\xff"s);
    reflection().SetBool(row_.get(), field("flag"), true);
    reflection().SetInt32(row_.get(), field("small"), -2);
    reflection().SetUInt32(row_.get(), field("natural"), 0xffff'fffeU);
    reflection().SetDouble(row_.get(), field("number"), -1.5);
    reflection().SetEnumValue(row_.get(), field("colour"), 3);
    set_time_ms(*reflection().MutableMessage(row_.get(), field("at")), 946'684'800'001);
    EXPECT_EQ(binary("words_of"), "\0\0\0\4\"a,\\"s);
    EXPECT_EQ(binary("raw"), "\0\0\0\2\0\xff"s);
    EXPECT_EQ(binary("flag"), "\0\0\0\1\1"s);
    EXPECT_EQ(binary("small"), "\0\0\0\4\xff\xff\xff\xfe"s);
    EXPECT_EQ(binary("natural"), "\0\0\0\10\0\0\0\0\xff\xff\xff\xfe"s);
    EXPECT_EQ(binary("number"), "\0\0\0\10\xbf\xf8\0\0\0\0\0\0"s);
    EXPECT_EQ(binary("colour"), "\0\0\0\10dark-red"s);
    EXPECT_EQ(binary("at"), "\0\0\0\10\0\0\0\0\0\0\3\xe8"s);
    BinaryArray array(plan_.element_types().front());
    append_bytes_element("x", array.next());
    append_null_element(array.next());
    EXPECT_EQ(std::move(array).bytes(),
              "\0\0\0\1\0\0\0\1\0\0\0\31\0\0\0\2\0\0\0\1\0\0\0\1x\xff\xff\xff\xff"s);
}

TEST_F(EveryType, keeps_an_enum_value_of_the_name_null_from_becoming_no_value) {
    reflection().SetEnumValue(row_.get(), field("maybe_colour"), -1);
    EXPECT_EQ(element("maybe_colour", *row_), "null");
}

TEST_F(EveryType, reads_the_times_that_postgres_prints) {
    const auto loaded = [&](const char* text) {
        EXPECT_TRUE(load("at", text)) << text;
        return time_ms(reflection().GetMessage(*row_, field("at")));
    };
    constexpr std::int64_t half_past_ten = 1768991400000;
    EXPECT_EQ(loaded("2026-01-21 10:30:00+00"), half_past_ten);
    EXPECT_EQ(loaded("2026-01-21 10:30:00.1+00"), half_past_ten + 100);
    EXPECT_EQ(loaded("2026-01-21 10:30:00.123456+00"), half_past_ten + 123);
    EXPECT_EQ(loaded("2026-01-21 12:30:00+02"), half_past_ten);
    EXPECT_EQ(loaded("2026-01-21 16:00:00+05:30"), half_past_ten);
    EXPECT_EQ(loaded("2026-01-21T10:30:00.123Z"), half_past_ten + 123);
    EXPECT_EQ(loaded("0001-01-01 00:00:00+00"), -62'135'596'800'000);
}

TEST_F(EveryType, refuses_text_that_is_not_of_it) {
    for (const char* text : {"", "infinity", "2026-01-21", "0044-03-15 00:00:00+00 BC", "x"}) {
        EXPECT_FALSE(load("at", text)) << text;
    }
    for (const char* text : {"", "yes", "true", "T"}) EXPECT_FALSE(load("flag", text)) << text;
    for (const char* text : {"", "1.0", " 1", "2147483648", "x"}) {
        EXPECT_FALSE(load("small", text)) << text;
    }
    EXPECT_FALSE(load("natural", "-1"));
    EXPECT_FALSE(load("natural", "4294967296"));
    EXPECT_FALSE(load("large", "9223372036854775808"));
    EXPECT_FALSE(load("number", "1.5x"));
    EXPECT_FALSE(load("narrow", "1e300"));
    for (const char* text : {"", "ab", "\\xa", "\\xgg", "\\x0G"}) {
        EXPECT_FALSE(load("raw", text)) << text;
    }
    EXPECT_FALSE(load("colour", "blue"));
    EXPECT_FALSE(load("colour", "3"));
    EXPECT_FALSE(load("inner", "[]"));
    EXPECT_FALSE(load("inner", R"({"unknown": 1})"));
    EXPECT_FALSE(load("words", R"(["a")"));
    EXPECT_FALSE(load("smalls", R"(["a"])"));
    EXPECT_FALSE(load("words", R"(["a"], "id": "smuggled")"));
}

TEST_F(EveryType, becomes_what_postgres_can_hold) {
    using namespace std::string_literals;
    reflection().SetString(row_.get(), field("words_of"), "a\0b\xFF"s);
    reflection().SetDouble(row_.get(), field("number"), -0.0);
    reflection().SetFloat(row_.get(), field("narrow"), -std::numeric_limits<float>::quiet_NaN());
    reflection().SetEnumValue(row_.get(), field("colour"), 77);
    auto& at = *reflection().MutableMessage(row_.get(), field("at"));
    at.GetReflection()->SetInt32(&at, at.GetDescriptor()->FindFieldByNumber(2), 123'999'999);
    reflection().MutableUnknownFields(row_.get())->AddVarint(4711, 1);
    plan_.canonicalise(*row_);
    EXPECT_EQ(reflection().GetString(*row_, field("words_of")), "a\xEF\xBF\xBD"s + "b\xEF\xBF\xBD");
    EXPECT_FALSE(std::signbit(reflection().GetDouble(*row_, field("number"))));
    EXPECT_FALSE(std::signbit(reflection().GetFloat(*row_, field("narrow"))));
    EXPECT_TRUE(std::isnan(reflection().GetFloat(*row_, field("narrow"))));
    EXPECT_EQ(reflection().GetEnumValue(*row_, field("colour")), 0);
    EXPECT_EQ(time_ms(at), 123);
    EXPECT_TRUE(reflection().GetUnknownFields(*row_).empty());
}

TEST_F(EveryType, leaves_what_was_absent_absent) {
    plan_.canonicalise(*row_);
    EXPECT_EQ(row_->ByteSizeLong(), 0U);
}

TEST(Text, keeps_sound_bytes_around_broken_ones) {
    EXPECT_EQ(canonical_text("\xC3\xA9\xC3"), "\xC3\xA9\xEF\xBF\xBD");
    EXPECT_EQ(canonical_text("\xF0\x9F\xA6\x8A"), "\xF0\x9F\xA6\x8A");
    EXPECT_EQ(canonical_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ArrayText, is_quoted_and_escaped) {
    std::string out;
    append_array_text(R"(a"b\c,{}NULL)", out);
    EXPECT_EQ(out, R"("a\"b\\c,{}NULL")");
    EXPECT_THAT(testing::parse_array("{" + out + ",NULL,1}"),
                ElementsAre(R"(a"b\c,{}NULL)", std::nullopt, "1"));
}

class Digest : public ::testing::Test {
protected:
    std::string of(const orders::v1::OrderRow& row, std::uint64_t version = 1,
                   const Secret& secret = {1, 2, 3}) {
        const auto digest = plan_.digest(row, Version{version}, secret);
        return {digest.begin(), digest.end()};
    }

    Projection projection_ = projection_of(orders::v1::OrderRow::default_instance());
    TablePlan plan_{projection_};
};

TEST_F(Digest, differs_for_every_column_that_differs) {
    std::set<std::string> seen{of({})};
    orders::v1::OrderRow row;
    const auto fresh = [&](const char* what) { EXPECT_TRUE(seen.insert(of(row)).second) << what; };
    for (int i = 0; i < row.GetDescriptor()->field_count(); ++i) {
        const auto* field = row.GetDescriptor()->field(i);
        if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) continue;
        row.Clear();
        row.GetReflection()->SetString(&row, field, "x");
        fresh(field->name().c_str());
    }
    row.Clear();
    row.set_status(orders::v1::ORDER_STATUS_PAID);
    fresh("status");
    row.Clear();
    row.set_total_minor(1);
    fresh("total");
    row.Clear();
    row.set_item_count(1);
    fresh("count");
    row.Clear();
    row.add_items();
    fresh("an empty item");
    row.add_items();
    fresh("two empty items");
    row.mutable_items(0)->set_name("x");
    fresh("an item's name");
    row.mutable_items()->SwapElements(0, 1);
    fresh("another order of items");
    row.Clear();
    row.mutable_created_at();
    fresh("the zero time, which is not no time");
}

TEST_F(Digest, tells_apart_the_same_bytes_in_two_neighbours) {
    orders::v1::OrderRow left;
    left.set_customer_id("ab");
    left.set_customer_name("c");
    orders::v1::OrderRow right;
    right.set_customer_id("a");
    right.set_customer_name("bc");
    EXPECT_NE(of(left), of(right));
}

TEST_F(Digest, differs_by_version_and_by_secret) {
    EXPECT_NE(of({}, 1), of({}, 2));
    EXPECT_NE(of({}, 1), of({}, 1ULL << 56U));
    EXPECT_NE(of({}, 1, {1}), of({}, 1, {2}));
}

TEST_F(Digest, is_pinned) {
    orders::v1::OrderRow row;
    row.set_order_id("order-1");
    row.set_status(orders::v1::ORDER_STATUS_SHIPPED);
    row.set_total_minor(4200);
    row.set_item_count(1);
    row.add_items()->set_item_id("item-1");
    row.mutable_created_at()->set_seconds(1769000000);
    std::string hex;
    for (const char c : of(row, 3)) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex += digits[static_cast<unsigned char>(c) >> 4U];
        hex += digits[static_cast<unsigned char>(c) & 15U];
    }
    // Stored digests are compared with new ones: another value here asks for new generations.
    EXPECT_EQ(hex, "b6a976f78a812ad5dbbbabbe4be7c5d5");
}

TEST(Bucket, is_below_64_and_the_same_for_ever) {
    std::set<int> seen;
    for (int i = 0; i < 2000; ++i) {
        const int bucket = TablePlan::bucket_of("order-" + std::to_string(i));
        EXPECT_GE(bucket, 0);
        EXPECT_LT(bucket, 64);
        seen.insert(bucket);
    }
    EXPECT_EQ(seen.size(), 64U);
    EXPECT_EQ(TablePlan::bucket_of("order-1"), 54);
}

TEST(Table, is_described_without_a_line_of_sql_by_hand) {
    const Projection projection = projection_of(described(R"(message_type {
        name: "Thing" options { [foldstream.v1.row] {
            table: "things" key: "id" indexes { columns: "amount" } indexes { columns: "id" columns: "amount" } } }
        field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
        field { name: "amount" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
        field { name: "tags" number: 3 type: TYPE_STRING label: LABEL_REPEATED }
        field { name: "at" number: 4 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp"
                label: LABEL_OPTIONAL } })"));
    const TablePlan plan(projection);
    const Generation second{2};
    EXPECT_EQ(plan.table(second), "read_gen.things_g2");
    EXPECT_EQ(plan.view(), "read.things");
    EXPECT_EQ(plan.key().name, "id");
    EXPECT_EQ(plan.find("nothing"), nullptr);
    EXPECT_THAT(
        plan.create_table(second),
        ElementsAre(
            R"(CREATE TABLE read_gen.things_g2 ("id" text COLLATE "C" NOT NULL, "amount" int8 NOT NULL, "tags" jsonb NOT NULL, "at" timestamptz, _partition int2 NOT NULL, _bucket int2 NOT NULL, _version int8 NOT NULL, _sequence int8 NOT NULL, _digest bytea NOT NULL) WITH (fillfactor = 90))",
            R"(ALTER TABLE read_gen.things_g2 ADD CONSTRAINT things_g2_pkey PRIMARY KEY ("id"))",
            R"(CREATE INDEX things_g2_i1 ON read_gen.things_g2 ("amount", "id"))",
            R"(CREATE INDEX things_g2_i2 ON read_gen.things_g2 ("id", "amount"))"));
    EXPECT_EQ(
        plan.create_view(second),
        R"(CREATE OR REPLACE VIEW read.things AS SELECT "id", "amount", "tags", "at", _partition, _version, _sequence FROM read_gen.things_g2)");
    EXPECT_EQ(
        plan.upsert(second),
        R"(INSERT INTO read_gen.things_g2 ("id", "amount", "tags", "at", _partition, _bucket, _version, _sequence, _digest) SELECT u."id", u."amount", u."tags"::jsonb, u."at", u._partition, u._bucket, u._version, u._sequence, u._digest FROM unnest($1::text[], $2::int8[], $3::text[], $4::timestamptz[], $5::int2[], $6::int2[], $7::int8[], $8::int8[], $9::bytea[]) AS u("id", "amount", "tags", "at", "_partition", "_bucket", "_version", "_sequence", "_digest") ON CONFLICT ("id") DO UPDATE SET "amount" = excluded."amount", "tags" = excluded."tags", "at" = excluded."at", _version = excluded._version, _sequence = excluded._sequence, _digest = excluded._digest)");
    EXPECT_EQ(plan.erase(second), R"(DELETE FROM read_gen.things_g2 WHERE "id" = ANY($1::text[]))");
    EXPECT_EQ(
        plan.select_by_keys(second),
        R"(SELECT "id", "amount", "tags", "at", _partition, _bucket, _version, _sequence, _digest FROM read_gen.things_g2 WHERE "id" = ANY($1::text[]) ORDER BY "id")");
}

TEST(RowOptions, that_contradict_the_message_are_refused_by_name) {
    const std::string table = R"(table: "things" key: "id" )";
    EXPECT_EQ(refusal(table), "");
    EXPECT_THAT(refusal(R"(table: "Things" key: "id")"), HasSubstr("\"Things\" cannot be a name"));
    EXPECT_THAT(refusal(R"(table: "" key: "id")"), HasSubstr("Thing: \"\" cannot be a name"));
    EXPECT_THAT(refusal(R"(table: "things" key: "none")"),
                HasSubstr("Thing.none: it is named as key"));
    EXPECT_THAT(refusal(R"(table: "things" key: "amount")"),
                HasSubstr("Thing.amount: a row's key"));
    EXPECT_THAT(refusal(table + R"(indexes { columns: "none" })"),
                HasSubstr("Thing.none: it is named as index"));
    EXPECT_THAT(refusal(table + R"(indexes { columns: "tags" })"), HasSubstr("Thing.tags: a list"));
    EXPECT_THAT(refusal(table + "indexes { }"), HasSubstr("an index has no columns"));
    EXPECT_THAT(refusal(table + R"(sort: "none")"),
                HasSubstr("Thing.none: it is named as sort key"));
    EXPECT_THAT(refusal(table + R"(sort: "tags")"), HasSubstr("Thing.tags: a list"));
    EXPECT_THAT(refusal(table + R"(search: "none")"),
                HasSubstr("Thing.none: it is named as search"));
    EXPECT_THAT(refusal(table + R"(search: "amount")"), HasSubstr("Thing.amount: only text"));
}

TEST(Filters, that_contradict_the_message_are_refused_by_name) {
    const auto filtered = [](const std::string& filters) {
        return refusal(R"(table: "things" key: "id" )" + filters);
    };
    const auto equal = [](const std::string& filter) {
        return "filters { operator: FILTER_OPERATOR_EQUAL " + filter + "} ";
    };
    const std::string routed = equal(R"(parameter: "a" column: "amount" path_alias: "x")");
    EXPECT_EQ(filtered(routed), "");
    EXPECT_THAT(filtered(equal(R"(parameter: "a" column: "none")")),
                HasSubstr("Thing.none: it is named as filter"));
    EXPECT_THAT(filtered(equal(R"(parameter: "a" column: "tags")")),
                HasSubstr("Thing.tags: a list"));
    EXPECT_THAT(filtered(equal(R"(column: "amount")")),
                HasSubstr("Thing.amount: its filter needs a parameter"));
    EXPECT_THAT(filtered(R"(filters { parameter: "a" column: "amount" })"),
                HasSubstr("Thing.amount: its filter has no operator"));
    EXPECT_THAT(filtered(routed + equal(R"(parameter: "a" column: "id")")),
                HasSubstr("Thing.id: its filter needs a parameter name of its own"));
    EXPECT_THAT(filtered(equal(R"(parameter: "a" column: "amount" lower_case: true)")),
                HasSubstr("Thing.amount: only text has a lower case"));
    EXPECT_THAT(filtered(R"(filters { parameter: "a" column: "amount" path_alias: "x"
                                      operator: FILTER_OPERATOR_AT_LEAST })"),
                HasSubstr("Thing.amount: a filter with a route"));
    EXPECT_THAT(filtered(routed + equal(R"(parameter: "b" column: "id" path_alias: "x")")),
                HasSubstr("Thing.id: a filter with a route"));
}

TEST(FieldTypes, without_a_column_form_are_refused_by_name) {
    const auto with = [](const std::string& field) {
        return refusal(R"(table: "things" key: "id")", "field { number: 9 " + field + " }");
    };
    EXPECT_THAT(with(R"(name: "big" type: TYPE_UINT64 label: LABEL_OPTIONAL)"),
                HasSubstr("Thing.big: unsigned 64-bit"));
    EXPECT_THAT(with(R"(name: "raws" type: TYPE_BYTES label: LABEL_REPEATED)"),
                HasSubstr("Thing.raws: lists of bytes"));
    EXPECT_THAT(with(R"(name: "shares" type: TYPE_DOUBLE label: LABEL_REPEATED)"),
                HasSubstr("Thing.shares: lists of"));
    EXPECT_THAT(with(R"(name: "camelCase" type: TYPE_BOOL label: LABEL_OPTIONAL)"),
                HasSubstr("Thing.camelCase: \"camelCase\" cannot be a name"));
    EXPECT_THAT(with(R"(name: "_version" type: TYPE_BOOL label: LABEL_OPTIONAL)"),
                HasSubstr("\"_version\" cannot be a name"));
    EXPECT_THAT(with(R"(name: "m" type: TYPE_MESSAGE type_name: ".foldstream.testing.Thing.MEntry"
                        label: LABEL_REPEATED } nested_type { name: "MEntry" options { map_entry: true }
                        field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
                        field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL })"),
                HasSubstr("Thing.m: maps have no column form"));
}

}  // namespace
}  // namespace foldstream::fold
