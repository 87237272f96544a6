// api-client/apigen/main.cc — apigen OUT SCHEMA.yaml …: makes gen/*.h and gen/*.cc from the schema.
// Runs at build time only.
#include <cstdio>

#include "api-client/apigen/emit.h"
#include "base/file.h"
#include "base/text.h"

namespace nodal::apigen {
namespace {

/// Leaves a file alone that is already so, for nothing to be compiled again.
Result<> write_if_changed(const std::string& path, const std::string& text) {
  if (const auto before = file::read(path); before && *before == text) return {};
  return file::write(path, text);
}

std::string stem_of(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);
  return std::string(path.substr(0, path.rfind('.')));
}

Result<> run(const std::string& folder, const std::vector<std::string>& paths) {
  std::vector<Source> sources;
  for (const std::string& path : paths)
    sources.push_back({stem_of(path), NODAL_TRY(file::read(path))});
  const Model model = NODAL_TRY(load(sources));
  NODAL_TRY(file::make_folders(folder));
  for (const File& file : model.files) {
    const std::string base = text::cat(folder, "/", file.stem);
    NODAL_TRY(write_if_changed(base + ".h", emit_types(model, file)));
    NODAL_TRY(write_if_changed(base + ".cc", emit_codec(model, file)));
    NODAL_TRY(write_if_changed(base + "_schema.cc", emit_schema(file)));
  }
  NODAL_TRY(write_if_changed(folder + "/schema_tables.h", emit_schema_header(model)));
  NODAL_TRY(write_if_changed(folder + "/schema_tables.cc", emit_schema_tables(model)));
  NODAL_TRY(write_if_changed(folder + "/all.h", emit_all_header(model)));
  return write_if_changed(folder + "/kinds.inc", emit_kinds(model));
}

}  // namespace
}  // namespace nodal::apigen

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: apigen OUT SCHEMA.yaml ...\n", stderr);
    return 2;
  }
  const auto done = nodal::apigen::run(argv[1], {argv + 2, argv + argc});
  if (done) return 0;
  std::fprintf(stderr, "apigen: %s\n", done.error().message.c_str());
  return 1;
}
