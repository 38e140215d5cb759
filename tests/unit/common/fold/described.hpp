// Message types made by a test out of their description, annotations included.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/timestamp.pb.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/fold/domain.hpp"
#include "foldstream/v1/options.pb.h"

namespace foldstream::testing {

// The prototype of the file's first message; `file` is a FileDescriptorProto's fields in text form.
// Types are kept for ever, because the codec keeps its plans by their address.
inline const google::protobuf::Message& described(const std::string& file) {
    using namespace google::protobuf;
    struct Kept {
        DescriptorPool pool{DescriptorPool::generated_pool()};
        DynamicMessageFactory factory{&pool};
    };
    static std::vector<std::unique_ptr<Kept>> all;
    Timestamp::descriptor();  // so that the generated pool has their files
    v1::RowOptions::descriptor();
    FileDescriptorProto description;
    const std::string head = R"(
        name: "described)" + std::to_string(all.size()) +
                             R"(.proto" package: "foldstream.testing" syntax: "proto3"
        dependency: "google/protobuf/timestamp.proto" dependency: "foldstream/v1/options.proto" )";
    if (!TextFormat::ParseFromString(head + file, &description)) {
        throw std::logic_error("the test's description is not one");
    }
    all.push_back(std::make_unique<Kept>());
    all.back()->factory.SetDelegateToGeneratedFactory(true);
    const FileDescriptor* built = all.back()->pool.BuildFile(description);
    if (built == nullptr) throw std::logic_error("the test's description does not build");
    return *all.back()->factory.GetPrototype(built->message_type(0));
}

// A projection that nobody folds: enough for a plan.
inline fold::Projection projection_of(const google::protobuf::Message& prototype) {
    fold::Projection projection;
    projection.row_prototype = &prototype;
    projection.options = prototype.GetDescriptor()->options().GetExtension(v1::row);
    projection.name = projection.options.table();
    return projection;
}

}  // namespace foldstream::testing
