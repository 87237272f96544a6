// ingress/render.h — the model as nginx's configuration. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ingress/model.h"

namespace nodal::ingress {

struct RenderOptions {
  std::string folder;     ///< of the pid file, temporary files and certificates
  std::string user;       ///< of the workers; "" as the master
  std::string error_log;  ///< a file
  int http_port = 80, https_port = 443;
  bool ipv6 = true;
};

/// A word of the configuration, in quotes: whatever the text is, it is one word and means itself.
[[nodiscard]] std::string quoted(std::string_view text);

/// The file in which a Secret's certificate and key are, below the folder.
[[nodiscard]] std::string certificate_file(const RenderOptions& options, std::string_view secret);

/// The whole nginx.conf.
[[nodiscard]] std::string render(const Model& model, const RenderOptions& options);

}  // namespace nodal::ingress
