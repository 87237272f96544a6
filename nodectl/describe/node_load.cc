// nodectl/describe/node_load.cc — see node_load.h.
#include "nodectl/describe/node_load.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "api-client/codec/quantity.h"
#include "nodectl/document.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> kResources = {"cpu", "memory", "ephemeral-storage"};

// Thousandths for cpu, bytes for the others.
using Amounts = std::array<std::int64_t, kResources.size()>;
struct Load {
  Amounts requests{}, limits{};
};

std::int64_t amount(const json::object& amounts, std::size_t resource) {
  const auto* value = amounts.if_contains(kResources[resource]);
  const auto parsed = Quantity::parse(value != nullptr ? text_of(*value) : "0");
  if (!parsed) return 0;
  return resource == 0 ? parsed->milli_value() : parsed->value();
}

std::string shown(std::int64_t value, std::size_t resource, std::int64_t of) {
  const auto text = value == 0      ? std::string("0")
                    : resource == 0 ? Quantity::milli(value).text()
                                    : Quantity::bytes(value).text();
  const auto percent =
      of == 0
          ? 0
          : static_cast<std::int64_t>(static_cast<double>(value) / static_cast<double>(of) * 100);
  return text::cat(text, " (", percent, "%)");
}

// Containers run together, init containers one after another before them; those that restart
// always stay beside what comes after them.
Load load_of(const json::value& pod) {
  Load out, before, highest;
  for (const auto& container : list_at(pod, "spec.containers"))
    for (std::size_t i = 0; i < kResources.size(); ++i) {
      out.requests[i] += amount(object_at(container, "resources.requests"), i);
      out.limits[i] += amount(object_at(container, "resources.limits"), i);
    }
  for (const auto& container : list_at(pod, "spec.initContainers")) {
    const bool stays = text_at(container, "restartPolicy") == "Always";
    for (std::size_t i = 0; i < kResources.size(); ++i) {
      const auto request = amount(object_at(container, "resources.requests"), i);
      const auto limit = amount(object_at(container, "resources.limits"), i);
      highest.requests[i] = std::max(highest.requests[i], before.requests[i] + request);
      highest.limits[i] = std::max(highest.limits[i], before.limits[i] + limit);
      if (stays) before.requests[i] += request, before.limits[i] += limit;
    }
  }
  for (std::size_t i = 0; i < kResources.size(); ++i) {
    out.requests[i] = std::max(out.requests[i] + before.requests[i], highest.requests[i]) +
                      amount(object_at(pod, "spec.overhead"), i);
    out.limits[i] = std::max(out.limits[i] + before.limits[i], highest.limits[i]);
    if (out.limits[i] != 0) out.limits[i] += amount(object_at(pod, "spec.overhead"), i);
  }
  return out;
}

}  // namespace

void describe_load(Page& page, const json::value& node, const Related& related) {
  const auto& has =
      object_at(node, object_at(node, "status.allocatable").empty() ? "status.capacity"
                                                                    : "status.allocatable");
  page.line(0, "Non-terminated Pods:\t(", related.pods.size(), " in total)");
  page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
  page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
  Load total;
  for (const auto& pod : related.pods) {
    const auto load = load_of(pod);
    std::string cells;
    for (std::size_t i = 0; i < 2; ++i)
      cells += text::cat("\t", shown(load.requests[i], i, amount(has, i)), "\t",
                         shown(load.limits[i], i, amount(has, i)));
    for (std::size_t i = 0; i < kResources.size(); ++i) {
      total.requests[i] += load.requests[i];
      total.limits[i] += load.limits[i];
    }
    page.line(1, text_at(pod, "metadata.namespace"), "\t", text_at(pod, "metadata.name"), "\t",
              cells, "\t", age_of(text_at(pod, "metadata.creationTimestamp"), related.now));
  }
  page.line(0, "Allocated resources:");
  page.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
  page.line(1, "Resource\tRequests\tLimits");
  page.line(1, "--------\t--------\t------");
  for (std::size_t i = 0; i < kResources.size(); ++i)
    page.line(1, kResources[i], "\t", shown(total.requests[i], i, amount(has, i)), "\t",
              shown(total.limits[i], i, amount(has, i)));
}

}  // namespace nodal::nodectl
