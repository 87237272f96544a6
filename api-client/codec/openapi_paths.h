// api-client/codec/openapi_paths.h — what a server does with each kind, as a list of operations;
// not how OpenAPI v2 or v3 write it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api-client/codec/schema.h"

namespace nodal::codec::openapi {

struct Parameter {
  std::string_view name;
  std::string_view type;  ///< string, integer or boolean
  std::string_view description;
};

struct Operation {
  std::string_view method;  ///< get, put, post, delete, patch
  std::string_view
      action;      ///< x-kubernetes-action: get, list, post, put, patch, delete, deletecollection
  std::string id;  ///< operationId, unique in the document
  std::string description;
  std::string_view group, version, kind;  ///< of the object that is read or written
  const schema::Type* body = nullptr;     ///< of the request; null: none, or a patch
  const schema::Type* answer = nullptr;   ///< of the response; null: plain text
  bool answers_list = false;              ///< a list of `answer`
  std::span<const Parameter> parameters;
};

struct Path {
  std::string path;  ///< "/api/v1/namespaces/{namespace}/pods/{name}"
  bool has_namespace = false;
  bool has_name = false;
  std::vector<Operation> operations;
};

/// The content types of a patch, the preferred one first.
[[nodiscard]] std::span<const std::string_view> patch_types();

/// All paths of one kind and its subresources.
[[nodiscard]] std::vector<Path> openapi_paths(const schema::Resource& resource);

}  // namespace nodal::codec::openapi
