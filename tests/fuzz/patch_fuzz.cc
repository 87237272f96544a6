// tests/fuzz/patch_fuzz.cc — the three patches on a Deployment: the first byte chooses which (j, m,
// else strategic).
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api-client/codec/codec.h"
#include "api-client/codec/defaulting.h"
#include "api-client/codec/patch.h"
#include "api-client/codec/pruning.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace nodal;
  static const schema::Type* const type = schema::find_resource("apps", "v1", "deployments")->type;
  static const boost::json::value target = boost::json::parse(
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d","labels":{"a":"b"},"finalizers":["x/y"]},
"spec":{"replicas":1,"template":{"spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":[{"name":"a","env":[{"name":"A"},
{"name":"B"}],"ports":[{"containerPort":80}]},{"name":"b"}]}}}})");
  if (size == 0) return 0;
  const auto patch = codec::parse({reinterpret_cast<const char*>(bytes) + 1, size - 1});
  if (!patch) return 0;
  boost::json::value out;
  if (bytes[0] == 'j') {
    auto patched = codec::json_patch(target, *patch);
    if (!patched) return 0;
    out = std::move(*patched);
  } else if (bytes[0] == 'm') {
    out = codec::merge_patch(target, *patch);
  } else {
    if (!patch->is_object()) return 0;
    auto patched = codec::strategic_merge_patch(target.get_object(), patch->get_object(), *type);
    if (!patched) return 0;
    out = std::move(*patched);
  }
  if (!out.is_object()) return 0;
  std::vector<std::string> unknown;
  if (codec::prune(out.get_object(), *type, unknown)) codec::fill_defaults(out.get_object(), *type);
  codec::duplicate_fields(boost::json::serialize(out));
  return 0;
}
