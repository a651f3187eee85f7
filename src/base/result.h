// A value, or the reason why there is none: for refusals, which are ordinary events.
#pragma once

#include <utility>
#include <variant>

namespace headroom {

/// Like std::expected, which C++20 does not have. `E` must differ from `T`.
template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : content_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return content_.index() == 0; }
  /// Only when it holds a value.
  T& value() & { return std::get<0>(content_); }
  T&& value() && { return std::get<0>(std::move(content_)); }
  const T& value() const& { return std::get<0>(content_); }
  /// Only when it does not.
  const E& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, E> content_;
};

}  // namespace headroom
