// api-client/apigen/emit.h — the model as C++ text.
#pragma once

#include <string>
#include <string_view>

#include "api-client/apigen/model.h"

namespace nodal::apigen {

/// gen/<file>.h: the structs.
std::string emit_types(const Model& model, const File& file);
/// gen/<file>.cc: their codec tables.
std::string emit_codec(const Model& model, const File& file);
/// gen/<file>_schema.cc: their descriptors.
std::string emit_schema(const File& file);

/// gen/schema_tables.h and .cc: all descriptors by name, all resources.
std::string emit_schema_header(const Model& model);
std::string emit_schema_tables(const Model& model);
/// gen/all.h: every header of types.
std::string emit_all_header(const Model& model);
/// gen/kinds.inc: NODAL_KIND(nodal::core_v1::Pod) for each kind.
std::string emit_kinds(const Model& model);

/// A C++ string literal.
std::string literal(std::string_view text);

}  // namespace nodal::apigen
