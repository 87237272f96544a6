// tests/fuzz/managed_fuzz.cc — owners of fields that a client sends, and documents it applies: 'f'
// a FieldsV1 set, else a Deployment with or without managedFields.
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api-client/codec/codec.h"
#include "api-client/codec/pruning.h"
#include "master/registry/managed/entries.h"
#include "master/registry/managed/field_set.h"
#include "master/registry/managed/merge.h"
#include "master/registry/managed/ownership.h"

namespace {

using namespace nodal;
using namespace nodal::master::managed;

const schema::Resource& deployments() {
  static const schema::Resource& found = *schema::find_resource("apps", "v1", "deployments");
  return found;
}

const boost::json::object& live() {
  static const boost::json::value value = boost::json::parse(
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d","labels":{"a":"b"},
"finalizers":["x/y"]},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"a",
"env":[{"name":"A"},{"name":"B"}],"ports":[{"containerPort":80}]},{"name":"b"}]}}}})");
  return value.get_object();
}

void must(bool holds) {
  if (!holds) std::abort();
}

void sets(const boost::json::value& value) {
  const auto set = parse_field_set(value);
  if (!set) return;
  must(parse_field_set(*set).value() == *set);
  must(common(*set, *set) == *set);
  FieldSet none = *set;
  subtract(none, *set);
  must(none.empty());
  FieldSet twice = *set;
  add(twice, *set);
  must(twice == *set);
  paths(*set);
  boost::json::object object = live();
  remove(object, doomed(*set, {}, *deployments().type), *deployments().type);
}

void writes(boost::json::object object) {
  std::vector<std::string> unknown;
  if (!codec::prune(object, *deployments().type, unknown)) return;
  const Writer writer{"fuzz", "", "2026-11-23T07:00:00Z"};
  boost::json::object updated = object;
  if (own_changed(deployments(), live(), updated, writer)) stored_entries(updated);
  if (!own_new(deployments(), object, writer)) return;
  boost::json::object applied = live();
  const auto merged = apply(deployments(), object, applied, writer, true);
  must(merged.has_value());
  // What is applied is there, and applying it again does nothing.
  auto again = apply(deployments(), *merged, applied, writer, false);
  must(again.has_value());
  keep_times(*merged, *again);
  must(*again == *merged);
  if (const auto other = apply(deployments(), live(), object, writer, true))
    must(apply(deployments(), *other, object, writer, false).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const auto parsed = codec::parse({reinterpret_cast<const char*>(bytes) + 1, size - 1});
  if (!parsed) return 0;
  if (bytes[0] == 'f')
    sets(*parsed);
  else if (parsed->is_object())
    writes(parsed->get_object());
  return 0;
}
