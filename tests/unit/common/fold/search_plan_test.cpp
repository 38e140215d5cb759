#include "common/fold/search_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "foldstream/orders/v1/rows.pb.h"
#include "tests/unit/common/fold/described.hpp"

namespace foldstream::fold {
namespace {

using foldstream::testing::described;
using foldstream::testing::projection_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Message& thing(const std::string& table, const std::string& search) {
    return described(R"(message_type {
        name: "Thing" options { [foldstream.v1.row] { table: ")" +
                     table + R"(" key: "id" )" + search + R"( } }
        field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
        field { name: "name" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
        field { name: "note" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0
                proto3_optional: true }
        oneof_decl { name: "_note" } })");
}

class Search : public ::testing::Test {
protected:
    Projection projection_ = projection_of(thing("things", R"(search: "name" search: "note")"));
    TablePlan base_{projection_};
    SearchPlan plan_ = SearchPlan::of(base_).value();
};

TEST_F(Search, has_a_side_table_for_each_generation) {
    const Generation second(2);
    EXPECT_EQ(plan_.table(second), "read_gen.things_search_g2");
    EXPECT_EQ(plan_.view(), "read.things_search");
    EXPECT_THAT(
        plan_.create_table(second),
        ElementsAre(
            R"(CREATE TABLE read_gen.things_search_g2 ("id" text COLLATE "C" NOT NULL, words tsvector NOT NULL))",
            R"(ALTER TABLE read_gen.things_search_g2 ADD CONSTRAINT things_search_g2_pkey PRIMARY KEY ("id"))",
            R"(CREATE INDEX things_search_g2_words ON read_gen.things_search_g2 USING gin (words))"));
    EXPECT_EQ(
        plan_.create_view(second),
        R"(CREATE OR REPLACE VIEW read.things_search AS SELECT "id", words FROM read_gen.things_search_g2)");
    EXPECT_EQ(plan_.erase(second),
              R"(DELETE FROM read_gen.things_search_g2 WHERE "id" = ANY($1::text[]))");
    EXPECT_EQ(plan_.upsert(second),
              R"(INSERT INTO read_gen.things_search_g2 ("id", words) SELECT u."id", )"
              R"(setweight(to_tsvector('simple', left(u."name", 16384)), 'A') || )"
              R"(setweight(to_tsvector('simple', left(u."note", 16384)), 'B') )"
              R"(FROM unnest($1::text[], $2::text[], $3::text[]) AS u("id", "name", "note") )"
              R"(ON CONFLICT ("id") DO UPDATE SET words = excluded.words)");
    const std::string parted =
        R"(, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', ')" + std::string(32, ' ') + "'), 16384))";
    EXPECT_EQ(plan_.fill(second),
              R"(INSERT INTO read_gen.things_search_g2 ("id", words) SELECT r."id", )"
              R"(setweight(to_tsvector('simple', left(translate(r."name")" +
                  parted +
                  R"(, 'A') || setweight(to_tsvector('simple', left(translate(coalesce(r."note", )"
                  R"(''))" +
                  parted + R"(, 'B') FROM read_gen.things_g2 r)");
}

TEST(SearchOf, a_table_without_search_fields_is_nothing) {
    const Projection projection = projection_of(thing("things", ""));
    const TablePlan base(projection);
    EXPECT_FALSE(SearchPlan::of(base));
}

TEST(SearchOf, a_table_whose_name_leaves_no_room_is_refused) {
    const std::string longest(33, 'x');
    const Projection fits = projection_of(thing(longest, R"(search: "name")"));
    EXPECT_TRUE(SearchPlan::of(TablePlan(fits)));
    const Projection wide = projection_of(thing(longest + "x", R"(search: "name")"));
    EXPECT_THROW(TablePlan{wide}, std::invalid_argument);
}

TEST_F(Search, text_differs_whenever_a_field_does) {
    const auto text = [&](const char* name, const char* note) {
        const std::unique_ptr<Message> row(projection_.row_prototype->New());
        const auto* type = row->GetDescriptor();
        row->GetReflection()->SetString(row.get(), type->field(1), name);
        row->GetReflection()->SetString(row.get(), type->field(2), note);
        return plan_.text(*row);
    };
    EXPECT_EQ(text("a", "b"), text("a", "b"));
    EXPECT_NE(text("ab", ""), text("a", "b"));
    EXPECT_NE(text("1:a", ""), text("", "1:a"));
    const std::unique_ptr<Message> empty(projection_.row_prototype->New());
    std::string element;
    plan_.append_array_element(1, *empty, element);
    EXPECT_EQ(element, R"("")");
    const std::unique_ptr<Message> row(projection_.row_prototype->New());
    row->GetReflection()->SetString(row.get(), row->GetDescriptor()->field(1),
                                    "O'N\\\"\tZ\xc3\xab");
    element.clear();
    plan_.append_array_element(0, *row, element);
    EXPECT_EQ(element, "\"O N   Z\xc3\xab\"");
}

TEST(SearchWords, are_parted_by_everything_of_ascii_that_is_no_letter_or_digit) {
    EXPECT_THAT(search_words("Zoe1@Example.org O'Neil"),
                ElementsAre("Zoe1", "Example", "org", "O", "Neil"));
    EXPECT_THAT(search_words("a_b-c\td\ne\x7f"
                             "f\x01g"),
                ElementsAre("a", "b", "c", "d", "e", "f", "g"));
    EXPECT_THAT(search_words(std::string("a\0b", 3)), ElementsAre("a", "b"));
    EXPECT_THAT(search_words("Zo\xc3\xab"), ElementsAre("Zo\xc3\xab"));
    for (const char* nothing : {"", " ", "'\"\\:*&|!()<->@", "\r\n"})
        EXPECT_THAT(search_words(nothing), IsEmpty()) << nothing;
}

TEST(SearchQuery, can_hold_no_operator_but_its_own) {
    EXPECT_EQ(search_query(search_words("ann")), "'ann':*");
    EXPECT_EQ(search_query(search_words("a' | !b:* & c\\")), "'a':* & 'b':* & 'c':*");
    for (int byte = 1; byte < 256; ++byte) {
        const std::string query =
            search_query(search_words("x" + std::string(1, static_cast<char>(byte)) + "y"));
        std::string inside = query;
        for (const char* own : {"':*", " & ", "'"}) {
            for (std::size_t at = inside.find(own); at != std::string::npos; at = inside.find(own))
                inside.erase(at, std::string(own).size());
        }
        EXPECT_EQ(inside.find_first_of("'\\:*&|!()<>"), std::string::npos) << query;
    }
}

}  // namespace
}  // namespace foldstream::fold
