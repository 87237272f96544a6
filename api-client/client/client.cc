// api-client/client/client.cc — see client.h.
#include "api-client/client/client.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api-client/client/pages.h"
#include "api-client/client/status.h"
#include "base/text.h"

namespace nodal::client {
namespace {

namespace json = boost::json;

constexpr int kPage = 500;

std::string_view content_type(PatchType type) {
  switch (type) {
    case PatchType::json:
      return "application/json-patch+json";
    case PatchType::merge:
      return "application/merge-patch+json";
    case PatchType::strategic:
      return "application/strategic-merge-patch+json";
    case PatchType::apply:
      return "application/apply-patch+yaml";
  }
  return "application/merge-patch+json";
}

Result<std::string> exchange(Transport& transport, std::string_view user_agent,
                             std::string_view method, std::string_view path, std::string_view type,
                             std::string_view body, const std::stop_token& stop) {
  http::Request request;
  request.method = method;
  request.target = path;
  request.headers.add("Accept", "application/json");
  request.headers.add("User-Agent", user_agent);
  if (!type.empty()) request.headers.add("Content-Type", type);
  request.body = body;
  const auto response = NODAL_TRY(transport.send(request, stop));
  auto text = response.text();
  if (response.status / 100 != 2) return std::unexpected(error_of(response.status, text));
  return text;
}

}  // namespace

Client::Client(std::shared_ptr<Transport> transport, std::string user_agent)
    : transport_(std::move(transport)), user_agent_(std::move(user_agent)) {}

std::string Client::make_path(std::string_view group, std::string_view version,
                              std::string_view plural, bool namespaced, std::string_view ns,
                              std::string_view name, std::string_view subresource) {
  std::string out =
      group.empty() ? text::cat("/api/", version) : text::cat("/apis/", group, "/", version);
  if (namespaced && !ns.empty()) out += text::cat("/namespaces/", http::percent_encode(ns));
  out += text::cat("/", plural);
  if (!name.empty()) out += text::cat("/", http::percent_encode(name));
  if (!subresource.empty()) out += text::cat("/", subresource);
  return out;
}

Result<std::string> Client::get_text(std::string_view path, std::stop_token stop) {
  return exchange(*transport_, user_agent_, "GET", path, "", "", stop);
}
Result<std::string> Client::post_text(std::string_view path, std::string_view json,
                                      std::stop_token stop) {
  return exchange(*transport_, user_agent_, "POST", path, "application/json", json, stop);
}
Result<std::string> Client::put_text(std::string_view path, std::string_view json,
                                     std::stop_token stop) {
  return exchange(*transport_, user_agent_, "PUT", path, "application/json", json, stop);
}
Result<std::string> Client::patch_text(std::string_view path, PatchType type, std::string_view body,
                                       std::stop_token stop) {
  return exchange(*transport_, user_agent_, "PATCH", path, content_type(type), body, stop);
}

Result<> Client::delete_path(std::string_view path, const DeleteOptions& options,
                             std::stop_token stop) {
  json::object body{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}};
  if (options.grace_period_seconds) body["gracePeriodSeconds"] = *options.grace_period_seconds;
  if (!options.uid.empty()) body["preconditions"] = json::object{{"uid", options.uid}};
  if (!options.propagation_policy.empty()) body["propagationPolicy"] = options.propagation_policy;
  NODAL_TRY(exchange(*transport_, user_agent_, "DELETE", path, "application/json",
                     json::serialize(body), stop));
  return {};
}

Result<> Client::bind(std::string_view ns, std::string_view pod, std::string_view pod_uid,
                      std::string_view node) {
  json::object metadata{{"name", pod}, {"namespace", ns}};
  if (!pod_uid.empty()) metadata["uid"] = pod_uid;
  const json::object body{
      {"apiVersion", "v1"},
      {"kind", "Binding"},
      {"metadata", std::move(metadata)},
      {"target", json::object{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
  NODAL_TRY(
      post_text(make_path("", "v1", "pods", true, ns, pod, "binding"), json::serialize(body)));
  return {};
}

std::string list_path(const ResourceName& resource, const ListOptions& options) {
  std::string out = resource.group.empty()
                        ? text::cat("/api/", resource.version)
                        : text::cat("/apis/", resource.group, "/", resource.version);
  if (resource.namespaced && !options.namespace_.empty())
    out += text::cat("/namespaces/", http::percent_encode(options.namespace_));
  out += text::cat("/", resource.plural);
  char separator = '?';
  const auto add = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out += separator;
    out += text::cat(key, "=", http::percent_encode(value));
    separator = '&';
  };
  add("labelSelector", options.label_selector);
  add("fieldSelector", options.field_selector);
  add("resourceVersion", options.resource_version);
  return out;
}

Result<std::string> list_pages(Client& client, const ResourceName& resource,
                               const ListOptions& options,
                               const std::function<Result<>(const json::value&)>& item,
                               std::stop_token stop) {
  const std::string base = list_path(resource, options);
  const char joint = base.find('?') == std::string::npos ? '?' : '&';
  const int limit = options.limit > 0 ? options.limit : kPage;
  std::string continue_at;
  for (;;) {
    std::string path = text::cat(base, joint, "limit=", limit);
    if (!continue_at.empty()) path += text::cat("&continue=", http::percent_encode(continue_at));
    auto document = NODAL_TRY(codec::parse_answer(NODAL_TRY(client.get_text(path, stop))));
    const auto* object = document.if_object();
    const auto* items = object == nullptr ? nullptr : object->if_contains("items");
    const auto* metadata = object == nullptr ? nullptr : object->if_contains("metadata");
    if (metadata == nullptr || !metadata->is_object())
      return fail(Errc::invalid, text::cat(base, ": the answer is no list"));
    if (items != nullptr && items->is_array())
      for (const auto& value : items->get_array()) NODAL_TRY(item(value));
    const auto string = [&](const char* name) {
      const auto* value = metadata->get_object().if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                    : std::string();
    };
    continue_at = string("continue");
    if (continue_at.empty()) return string("resourceVersion");
  }
}

}  // namespace nodal::client
