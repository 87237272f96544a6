// master/registry/managed/field_set.cc — see field_set.h.
#include "master/registry/managed/field_set.h"

#include <algorithm>

#include "api-client/codec/codec.h"
#include "base/text.h"

namespace nodal::master::managed {
namespace json = boost::json;
namespace {

constexpr std::string_view kItself = ".";
constexpr int kDeepest = codec::kMaxJsonDepth;  // what kMaxAnswerDepth reckons with
constexpr std::size_t kMost = 20'000;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

// The canonical form of a key that a client wrote.
Result<std::string> element_of(std::string_view key) {
  const auto body = key.size() < 2 ? std::string_view() : key.substr(2);
  if (key.starts_with("f:")) return std::string(key);
  if (key.starts_with("i:")) {
    if (text::number<std::uint32_t>(body)) return std::string(key);
  } else if (key.starts_with("v:")) {
    if (const auto value = codec::parse(body); value && value->is_primitive())
      return value_element(*value);
  } else if (key.starts_with("k:")) {
    if (const auto value = codec::parse(body); value && value->is_object()) {
      std::vector<std::pair<std::string_view, const json::value*>> keys;
      for (const auto& [name, part] : value->get_object()) {
        if (!part.is_primitive())
          return fail(Errc::invalid, text::cat("a key of \"", key, "\" is no plain value"));
        keys.emplace_back(view(name), &part);
      }
      return keyed_element(std::move(keys));
    }
  }
  return fail(Errc::invalid,
              text::cat("\"", key.substr(0, 200),
                        "\" is no path element, want f:NAME, k:{…}, v:VALUE or i:NUMBER"));
}

Result<FieldSet> parse(const json::value& value, int depth, std::size_t& count) {
  const auto* object = value.if_object();
  if (!object) return fail(Errc::invalid, "a set of fields is an object of objects");
  if (depth > kDeepest) return fail(Errc::invalid, "a set of fields nests too deep");
  FieldSet out;
  for (const auto& [key, inner] : *object) {
    if (++count > kMost)
      return fail(Errc::invalid, text::cat("a set of fields has more than ", kMost, " elements"));
    if (view(key) == kItself) {
      out[kItself].emplace_object();
      continue;
    }
    const std::string element = NODAL_TRY(element_of(view(key)));
    FieldSet branch = NODAL_TRY(parse(inner, depth + 1, count));
    const bool member = is_member(branch);
    branch.erase(kItself);
    FieldSet one;
    put(one, element, std::move(branch), member);
    add(out, one);
  }
  return out;
}

void append_paths(const FieldSet& set, std::string& path, std::vector<std::string>& out) {
  for (const auto& [key, value] : set) {
    if (view(key) == kItself) continue;
    const std::size_t size = path.size();
    const auto body = view(key).substr(2);
    if (key.starts_with("f:")) {
      path += text::cat(".", body);
    } else if (key.starts_with("k:")) {
      path += '[';
      if (const auto keys = codec::parse(body); keys && keys->is_object()) {
        bool first = true;
        for (const auto& [name, part] : keys->get_object()) {
          path += text::cat(first ? "" : ",", view(name), "=", json::serialize(part));
          first = false;
        }
      }
      path += ']';
    } else {
      path += text::cat(key.starts_with("v:") ? "[=" : "[", body, "]");
    }
    const FieldSet& branch = value.get_object();
    if (is_member(branch)) out.push_back(path);
    append_paths(branch, path, out);
    path.resize(size);
  }
}

}  // namespace

bool is_member(const FieldSet& element) { return element.empty() || element.contains(kItself); }

void put(FieldSet& to, std::string_view key, FieldSet branch, bool member) {
  if (branch.empty() && !member) return;
  if (member && !branch.empty()) branch[kItself].emplace_object();
  to[key] = std::move(branch);
}

void add(FieldSet& to, const FieldSet& more) {
  for (const auto& [key, value] : more) {
    if (view(key) == kItself) continue;
    auto* present = to.if_contains(key);
    if (!present) {
      to[key] = value;
      continue;
    }
    FieldSet& mine = present->get_object();
    const FieldSet& other = value.get_object();
    const bool member = is_member(mine) || is_member(other);
    add(mine, other);
    if (member && !mine.empty())
      mine[kItself].emplace_object();
    else if (!member)
      mine.erase(kItself);
  }
}

void subtract(FieldSet& from, const FieldSet& what) {
  for (const auto& [key, value] : what) {
    if (view(key) == kItself) continue;
    auto* present = from.if_contains(key);
    if (!present) continue;
    FieldSet& mine = present->get_object();
    const FieldSet& other = value.get_object();
    const bool member = is_member(mine) && !is_member(other);
    mine.erase(kItself);
    subtract(mine, other);
    if (mine.empty() && !member)
      from.erase(key);
    else if (member && !mine.empty())
      mine[kItself].emplace_object();
  }
}

FieldSet common(const FieldSet& a, const FieldSet& b) {
  FieldSet out;
  const FieldSet& fewer = a.size() <= b.size() ? a : b;
  const FieldSet& more = a.size() <= b.size() ? b : a;
  for (const auto& [key, value] : fewer) {
    if (view(key) == kItself) continue;
    const auto* other = more.if_contains(key);
    if (!other) continue;
    const FieldSet& mine = value.get_object();
    const FieldSet& theirs = other->get_object();
    put(out, view(key), common(mine, theirs), is_member(mine) && is_member(theirs));
  }
  return out;
}

Result<FieldSet> parse_field_set(const json::value& fields_v1) {
  std::size_t count = 0;
  FieldSet out = NODAL_TRY(parse(fields_v1, 1, count));
  out.erase(kItself);  // the object as a whole has no owner
  return out;
}

std::vector<std::string> paths(const FieldSet& set) {
  std::vector<std::string> out;
  std::string path;
  append_paths(set, path, out);
  std::ranges::sort(out);
  return out;
}

std::string keyed_element(std::vector<std::pair<std::string_view, const json::value*>> keys) {
  std::ranges::sort(keys, {}, &std::pair<std::string_view, const json::value*>::first);
  std::string out = "k:{";
  for (const auto& [name, value] : keys) {
    if (out.size() > 3) out += ',';
    codec::append_string(out, name);
    out += ':';
    out += value ? codec::to_text(*value) : "null";
  }
  return out + "}";
}

std::string value_element(const json::value& item) { return "v:" + codec::to_text(item); }

}  // namespace nodal::master::managed
