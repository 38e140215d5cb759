// A value or the reason why there is none (std::expected is C++23).
#pragma once

#include <cassert>
#include <utility>
#include <variant>

namespace foldstream {

template <typename E>
struct Failure {
    E error;
};

template <typename E>
Failure(E) -> Failure<E>;

// Holds exactly one of T and E. Reading the side that is not there is a programmer's error.
template <typename T, typename E>
class [[nodiscard]] Result {
public:
    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    Result(Failure<E> failure) : held_(std::in_place_index<1>, std::move(failure.error)) {}

    [[nodiscard]] bool ok() const { return held_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & {
        assert(ok());
        return *std::get_if<0>(&held_);
    }
    const T& value() const& {
        assert(ok());
        return *std::get_if<0>(&held_);
    }
    T&& value() && {
        assert(ok());
        return std::move(*std::get_if<0>(&held_));
    }
    const E& error() const {
        assert(!ok());
        return *std::get_if<1>(&held_);
    }
    E& error() {
        assert(!ok());
        return *std::get_if<1>(&held_);
    }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

private:
    std::variant<T, E> held_;
};

}  // namespace foldstream
