// api-client/codec/box.h — an optional value on the heap with the semantics of a value.
#pragma once

#include <utility>

namespace nodal {

/// What a pointer to a struct is in Go's API types: absent, or a T of its own. Copies copy the T.
/// Eight bytes when absent, so that a VolumeSource with thirty alternatives stays small.
///
/// What needs T's own members stands outside the class and is not inline: generated headers declare
/// `extern template class Box<T>`, so that copying a Pod does not compile all of its parts into
/// every file that does.
template <class T>
class Box {
 public:
  Box() = default;
  Box(T value);
  Box(const Box& other);
  Box(Box&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Box& operator=(const Box& other);
  Box& operator=(Box&& other) noexcept {
    Box taken(std::move(other));
    std::swap(value_, taken.value_);
    return *this;
  }
  ~Box() {
    if (value_ != nullptr) destroy();
  }

  explicit operator bool() const { return value_ != nullptr; }
  [[nodiscard]] bool has_value() const { return value_ != nullptr; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_; }
  const T* operator->() const { return value_; }
  T& emplace();
  T& emplace(T value);
  void reset() {
    if (value_ != nullptr) destroy();
  }

  friend bool operator==(const Box& a, const Box& b) { return a.equals(b); }

 private:
  [[nodiscard]] bool equals(const Box& other) const;
  void destroy();

  T* value_ = nullptr;  // owned
};

template <class T>
Box<T>::Box(T value) : value_(new T(std::move(value))) {}

template <class T>
Box<T>::Box(const Box& other) : value_(other.value_ != nullptr ? new T(*other.value_) : nullptr) {}

template <class T>
Box<T>& Box<T>::operator=(const Box& other) {
  Box copy(other);
  std::swap(value_, copy.value_);
  return *this;
}

template <class T>
T& Box<T>::emplace() {
  reset();
  value_ = new T();
  return *value_;
}

template <class T>
T& Box<T>::emplace(T value) {
  T* fresh = new T(std::move(value));  // first: `value` may come from the old one
  reset();
  value_ = fresh;
  return *value_;
}

template <class T>
bool Box<T>::equals(const Box& other) const {
  if (value_ == nullptr || other.value_ == nullptr) return value_ == other.value_;
  return *value_ == *other.value_;
}

template <class T>
void Box<T>::destroy() {
  delete std::exchange(value_, nullptr);
}

}  // namespace nodal
