// api-client/client/pages.h — lists in pages, without a kind's type: under Client::list and the
// reflectors.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <stop_token>
#include <string>

#include "api-client/client/client.h"
#include "api-client/codec/resource_name.h"

namespace nodal::client {

/// "/apis/apps/v1/namespaces/default/deployments?labelSelector=…", without limit and continue.
std::string list_path(const ResourceName& resource, const ListOptions& options);

/// Calls `item` with every object of the collection, following `continue`. The list's
/// resourceVersion.
/// @errors the server's; gone when a continue token expired: begin again
Result<std::string> list_pages(Client& client, const ResourceName& resource,
                               const ListOptions& options,
                               const std::function<Result<>(const boost::json::value&)>& item,
                               std::stop_token stop);

}  // namespace nodal::client
