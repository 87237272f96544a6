// nodectl/describe/config.cc — Namespaces, ConfigMaps, Secrets, ServiceAccounts.
#include <algorithm>
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

bool is_there(const json::array& secrets, const std::string& name) {
  return std::ranges::any_of(
      secrets, [&](const json::value& secret) { return text_at(secret, "metadata.name") == name; });
}

void names(Page& page, std::string_view title, const json::array& list,
           const json::array& secrets) {
  std::string lead = text::cat(title, ":\t");
  if (list.empty()) page.line(0, lead, "<none>");
  for (const auto& item : list) {
    const auto name = text_at(item, "name");
    page.line(0, lead, name, is_there(secrets, name) ? "" : " (not found)");
    lead = "\t";
  }
}

// References to the secrets that hold tokens of the account.
json::array tokens_of(const json::value& account, const json::array& secrets) {
  json::array out;
  for (const auto& secret : secrets) {
    const auto& notes = object_at(secret, "metadata.annotations");
    const auto note = [&](std::string_view key) {
      const auto* value = notes.if_contains(key);
      return value == nullptr ? std::string() : text_of(*value);
    };
    if (text_at(secret, "type") == "kubernetes.io/service-account-token" &&
        note("kubernetes.io/service-account.name") == text_at(account, "metadata.name") &&
        note("kubernetes.io/service-account.uid") == text_at(account, "metadata.uid"))
      out.push_back(json::object{{"name", text_at(secret, "metadata.name")}});
  }
  return out;
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
  names(page, "Image pull secrets", list_at(object, "imagePullSecrets"), related.secrets);
  names(page, "Mountable secrets", list_at(object, "secrets"), related.secrets);
  names(page, "Tokens", tokens_of(object, related.secrets), related.secrets);
  describe_events(page, related);
  return page.text();
}

}  // namespace nodal::nodectl
