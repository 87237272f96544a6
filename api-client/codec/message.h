// api-client/codec/message.h — what the codec knows about a generated struct: constant tables that
// one reader and one writer interpret. Only codec.h and generated code need this.
//
// A struct's table names the tables of the structs inside it and nothing else, so a program links
// the tables of the kinds it decodes and no others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/box.h"

namespace nodal::codec {

/// The C++ type of a value and its form in JSON.
enum class Shape : std::uint8_t {
  string,         // std::string
  int32,          // std::int32_t
  int64,          // std::int64_t
  number,         // double
  boolean,        // bool
  bytes,          // std::string; base64 in JSON
  time,           // std::optional<TimePoint>
  micro_time,     // std::optional<TimePoint>
  quantity,       // Quantity
  int_or_string,  // IntOrString
  any,            // std::string that is JSON text
  strings,        // std::vector<std::string>, as a value of a map
  message,        // a struct
};

/// What the value stands in.
enum class Holder : std::uint8_t {
  value,
  optional,  // std::optional<T>; never of times and messages
  box,       // Box<struct>
  list,      // std::vector<T>
  map,       // std::map<std::string, T>
};

struct Message;

/// A Box or a vector of one struct type, without its type.
struct Sequence {
  struct View {
    const void* first;
    std::size_t count;
  };
  std::uint32_t stride;
  void* (*make)(void* field, std::size_t count);  ///< `count` empty elements; the first of them
  View (*view)(const void* field);
};

/// A map of one struct type, without its type.
struct Dictionary {
  void* (*put)(void* field, std::string_view key);  ///< an empty value
  void (*each)(const void* field, void* context,
               void (*visit)(void* context, const std::string& key, const void* value));
};

/// One field of a struct.
struct Entry {
  const char* name;  ///< in JSON
  const Message* message = nullptr;
  const void* many = nullptr;  ///< a Sequence (box or list of messages) or Dictionary (map of them)
  std::uint16_t offset = 0;
  std::uint8_t name_size = 0;
  Shape shape = Shape::string;
  Holder holder = Holder::value;
  bool required = false;  ///< written even when zero

  [[nodiscard]] std::string_view key() const { return {name, name_size}; }
  [[nodiscard]] const Sequence& sequence() const { return *static_cast<const Sequence*>(many); }
  [[nodiscard]] const Dictionary& dictionary() const {
    return *static_cast<const Dictionary*>(many);
  }
};

struct Message {
  const Entry* entries = nullptr;
  std::uint16_t count = 0;
  const char* kind = nullptr;  ///< null: not the root of a document
  const char* api_version = nullptr;
};

template <class T>
inline constexpr Sequence kBoxOf = {
    sizeof(T),
    [](void* field, std::size_t) -> void* { return &static_cast<Box<T>*>(field)->emplace(); },
    [](const void* field) -> Sequence::View {
      const auto& box = *static_cast<const Box<T>*>(field);
      return {box ? &*box : nullptr, box ? std::size_t{1} : std::size_t{0}};
    }};

template <class T>
inline constexpr Sequence kListOf = {sizeof(T),
                                     [](void* field, std::size_t count) -> void* {
                                       auto& list = *static_cast<std::vector<T>*>(field);
                                       list = std::vector<T>(count);
                                       return list.data();
                                     },
                                     [](const void* field) -> Sequence::View {
                                       const auto& list =
                                           *static_cast<const std::vector<T>*>(field);
                                       return {list.data(), list.size()};
                                     }};

template <class T>
inline constexpr Dictionary kMapOf = {
    [](void* field, std::string_view key) -> void* {
      return &(*static_cast<std::map<std::string, T>*>(field))[std::string(key)];
    },
    [](const void* field, void* context,
       void (*visit)(void* context, const std::string& key, const void* value)) {
      for (const auto& [key, value] : *static_cast<const std::map<std::string, T>*>(field))
        visit(context, key, &value);
    }};

}  // namespace nodal::codec
