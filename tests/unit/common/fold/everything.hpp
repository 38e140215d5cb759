// A row message with every type that has a column form.
#pragma once

#include "tests/unit/common/fold/described.hpp"

namespace foldstream::testing {

inline constexpr const char* everything_file = R"(
        message_type {
            name: "Everything"
            options { [foldstream.v1.row] {
                table: "everything" key: "id"
                indexes { columns: "words_of" columns: "at" } indexes { columns: "id" }
                filters { parameter: "flag" column: "flag" operator: FILTER_OPERATOR_EQUAL }
                sort: "at" search: "words_of"
            } }
            field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
            field { name: "words_of" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
            field { name: "flag" number: 3 type: TYPE_BOOL label: LABEL_OPTIONAL }
            field { name: "small" number: 4 type: TYPE_SINT32 label: LABEL_OPTIONAL }
            field { name: "large" number: 5 type: TYPE_SFIXED64 label: LABEL_OPTIONAL }
            field { name: "natural" number: 6 type: TYPE_UINT32 label: LABEL_OPTIONAL }
            field { name: "number" number: 7 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
            field { name: "narrow" number: 8 type: TYPE_FLOAT label: LABEL_OPTIONAL }
            field { name: "raw" number: 9 type: TYPE_BYTES label: LABEL_OPTIONAL }
            field { name: "colour" number: 10 type: TYPE_ENUM type_name: ".foldstream.testing.Colour"
                    label: LABEL_OPTIONAL }
            field { name: "at" number: 11 type: TYPE_MESSAGE
                    type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL }
            field { name: "inner" number: 12 type: TYPE_MESSAGE
                    type_name: ".foldstream.testing.Inner" label: LABEL_OPTIONAL }
            field { name: "inners" number: 13 type: TYPE_MESSAGE
                    type_name: ".foldstream.testing.Inner" label: LABEL_REPEATED }
            field { name: "words" number: 14 type: TYPE_STRING label: LABEL_REPEATED }
            field { name: "smalls" number: 15 type: TYPE_INT32 label: LABEL_REPEATED }
            field { name: "larges" number: 16 type: TYPE_INT64 label: LABEL_REPEATED }
            field { name: "naturals" number: 17 type: TYPE_FIXED32 label: LABEL_REPEATED }
            field { name: "flags" number: 18 type: TYPE_BOOL label: LABEL_REPEATED }
            field { name: "colours" number: 19 type: TYPE_ENUM
                    type_name: ".foldstream.testing.Colour" label: LABEL_REPEATED }
            field { name: "times" number: 20 type: TYPE_MESSAGE
                    type_name: ".google.protobuf.Timestamp" label: LABEL_REPEATED }
            field { name: "left" number: 21 type: TYPE_STRING label: LABEL_OPTIONAL oneof_index: 0 }
            field { name: "right" number: 22 type: TYPE_INT32 label: LABEL_OPTIONAL oneof_index: 0 }
            field { name: "both" number: 23 type: TYPE_MESSAGE
                    type_name: ".foldstream.testing.Inner" label: LABEL_OPTIONAL oneof_index: 0 }
            field { name: "maybe_text" number: 24 type: TYPE_STRING label: LABEL_OPTIONAL
                    oneof_index: 1 proto3_optional: true }
            field { name: "maybe_number" number: 25 type: TYPE_DOUBLE label: LABEL_OPTIONAL
                    oneof_index: 2 proto3_optional: true }
            field { name: "maybe_raw" number: 26 type: TYPE_BYTES label: LABEL_OPTIONAL
                    oneof_index: 3 proto3_optional: true }
            field { name: "maybe_colour" number: 27 type: TYPE_ENUM
                    type_name: ".foldstream.testing.Colour" label: LABEL_OPTIONAL
                    oneof_index: 4 proto3_optional: true }
            oneof_decl { name: "choice" }
            oneof_decl { name: "_maybe_text" } oneof_decl { name: "_maybe_number" }
            oneof_decl { name: "_maybe_raw" } oneof_decl { name: "_maybe_colour" }
        }
        message_type {
            name: "Inner"
            field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
            field { name: "number" number: 2 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
            field { name: "narrow" number: 3 type: TYPE_FLOAT label: LABEL_OPTIONAL }
            field { name: "at" number: 4 type: TYPE_MESSAGE
                    type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL }
            field { name: "children" number: 5 type: TYPE_MESSAGE
                    type_name: ".foldstream.testing.Inner" label: LABEL_REPEATED }
            field { name: "child" number: 6 type: TYPE_MESSAGE
                    type_name: ".foldstream.testing.Inner" label: LABEL_OPTIONAL }
            field { name: "numbers" number: 7 type: TYPE_DOUBLE label: LABEL_REPEATED }
            field { name: "narrows" number: 8 type: TYPE_FLOAT label: LABEL_REPEATED }
            field { name: "texts" number: 9 type: TYPE_STRING label: LABEL_REPEATED }
            field { name: "raw" number: 10 type: TYPE_BYTES label: LABEL_OPTIONAL }
            field { name: "big" number: 11 type: TYPE_UINT64 label: LABEL_OPTIONAL }
            field { name: "colour" number: 12 type: TYPE_ENUM type_name: ".foldstream.testing.Colour"
                    label: LABEL_OPTIONAL }
            field { name: "colours" number: 13 type: TYPE_ENUM
                    type_name: ".foldstream.testing.Colour" label: LABEL_REPEATED }
            field { name: "maybe" number: 14 type: TYPE_INT32 label: LABEL_OPTIONAL oneof_index: 0
                    proto3_optional: true }
            oneof_decl { name: "_maybe" }
        }
        enum_type {
            name: "Colour"
            value { name: "COLOUR_UNSPECIFIED" number: 0 }
            value { name: "COLOUR_DARK_RED" number: 3 }
            value { name: "COLOUR_NULL" number: -1 }
        } )";

inline const google::protobuf::Message& everything() {
    static const google::protobuf::Message& prototype = described(everything_file);
    return prototype;
}

}  // namespace foldstream::testing
