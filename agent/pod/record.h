// agent/pod/record.h — an event about a pod or one of its containers.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api-client/client/events.h"
#include "gen/core_v1.h"

namespace nodal::agent {

/// Records an event about `container` of the pod, or about the pod itself when that is "".
using Record =
    std::function<void(const core_v1::Pod& pod, const std::string& container,
                       client::EventType type, std::string_view reason, std::string_view message)>;

}  // namespace nodal::agent
