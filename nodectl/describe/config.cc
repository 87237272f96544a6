// nodectl/describe/config.cc — Namespaces, ConfigMaps, Secrets, ServiceAccounts.
#include <boost/json/object.hpp>

#include "nodectl/describe/parts.h"
#include "nodectl/document.h"

namespace nodal::nodectl {

namespace json = boost::json;

namespace {

std::size_t decoded_size(const json::value& data) {
  const auto bytes = text::unbase64(text_of(data));
  return bytes ? bytes->size() : 0;
}

void names(Page& page, std::string_view title, const json::array& list) {
  std::string lead = text::cat(title, ":\t");
  if (list.empty()) page.line(0, lead, "<none>");
  for (const auto& item : list) {
    page.line(0, lead, text_at(item, "name"));
    lead = "\t";
  }
}

}  // namespace

std::string describe_namespace(const json::value& object, const Related&) {
  Page page;
  describe_head(page, object);
  page.line(0, "Status:\t", text_at(object, "status.phase"));
  if (const auto& conditions = list_at(object, "status.conditions"); !conditions.empty()) {
    page.line(0, "Conditions:");
    page.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    page.line(1, "----\t------\t------------------\t------\t-------");
    for (const auto& condition : conditions)
      page.line(1, text_at(condition, "type"), "\t", text_at(condition, "status"), "\t",
                time_or_zero(text_at(condition, "lastTransitionTime")), "\t",
                text_at(condition, "reason"), "\t", text_at(condition, "message"));
  }
  return page.text();
}

std::string describe_config_map(const json::value& object, const Related& related) {
  Page page;
  describe_head(page, object);
  page.blank();
  page.line(0, "Data");
  page.line(0, "====");
  const auto& data = object_at(object, "data");
  for (const auto& key : keys_of(data)) {
    page.line(0, key, ":");
    page.line(0, "----");
    page.line(0, text_of(data.at(key)));
    page.blank();
  }
  page.blank();
  page.line(0, "BinaryData");
  page.line(0, "====");
  const auto& binary = object_at(object, "binaryData");
  for (const auto& key : keys_of(binary))
    page.line(0, key, ": ", decoded_size(binary.at(key)), " bytes");
  page.blank();
  describe_events(page, related);
  return page.text();
}

std::string describe_secret(const json::value& object, const Related&) {
  Page page;
  describe_head(page, object);
  const auto type = text_at(object, "type");
  page.blank();
  page.line(0, "Type:\t", type);
  page.blank();
  page.line(0, "Data");
  page.line(0, "====");
  const auto& data = object_at(object, "data");
  for (const auto& key : keys_of(data))
    if (type == "kubernetes.io/service-account-token" && key == "token")
      page.line(0, key, ":\t", text::unbase64(text_of(data.at(key))).value_or(""));
    else
      page.line(0, key, ":\t", decoded_size(data.at(key)), " bytes");
  return page.text();
}

std::string describe_service_account(const json::value& object, const Related& related) {
  Page page;
  describe_head(page, object);
  names(page, "Image pull secrets", list_at(object, "imagePullSecrets"));
  names(page, "Mountable secrets", list_at(object, "secrets"));
  names(page, "Tokens", {});
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
