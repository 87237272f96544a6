// agent/runtime/docker/pause_image.h — the image of every sandbox, made here: one static program in
// a tar archive.
#pragma once

#include <string>
#include <string_view>

namespace nodal::agent::docker {

/// The pause program, as built with this agent.
std::string_view pause_program();

/// "nodal/pause:0.1.0".
std::string pause_reference();
/// Names these very bytes; kept as a label of the image, so that another build replaces it.
std::string pause_fingerprint();

/// A ustar archive with one executable file.
/// @param name  at most 99 bytes
std::string tar_of(std::string_view name, std::string_view bytes);

}  // namespace nodal::agent::docker
