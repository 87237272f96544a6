// master/api/subresources/agent_call.h — what every request that an agent answers needs: the
// container, the address.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "master/api/api.h"

namespace nodal::master::handlers {

/// The container that is meant.
/// @param wanted  its name, or "" for the only one, or the one that the pod's annotation names
/// @errors 400 unknown, or several and none named
Answer<std::string> chosen_container(const boost::json::object& pod, std::string_view pod_name,
                                     std::string_view wanted);

/// Where the agent of that node listens: an IP address, so that what is looked at is what is
/// dialled, and none that leads back to this machine, where the master's keys would open the master
/// itself (SECURITY 23).
/// @errors 404 no such node; 500 it has told no address; 400 it has told a wrong one
Answer<ApiParts::AgentAddress> agent_of(Call& call, std::string_view node_name);

/// An agent's refusal in words: the message of a Status, or its text.
std::string agent_message(const http::Response& answer);

}  // namespace nodal::master::handlers
