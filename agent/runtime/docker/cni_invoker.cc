// agent/runtime/docker/cni_invoker.cc — CNI's execution protocol: environment, stdin, stdout,
// records.
#include "agent/runtime/docker/cni_invoker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/log.h"
#include "base/net/pod_addresses.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace nodal::agent::docker {
namespace {

constexpr std::size_t kMaxOutput = 1u << 20;

constexpr std::string_view kOwnPlugin = "nodal-cni";
constexpr const char* kInterface = "eth0";  // of every sandbox

bool at_least_04(const CniNetwork& network) { return network.version != "0.3.1"; }

}  // namespace

Result<CniNetwork> CniInvoker::network() const {
  const auto names = file::list(options_.config_folder);
  std::string complaint;
  if (names) {
    for (const auto& name : *names) {
      const bool list = name.ends_with(".conflist");
      if (!list && !name.ends_with(".conf") && !name.ends_with(".json")) continue;
      const auto path = text::cat(options_.config_folder, "/", name);
      const auto bytes = file::read(path, 1u << 20);
      auto network =
          bytes ? parse_network(*bytes, list) : Result<CniNetwork>(std::unexpected(bytes.error()));
      if (network) return network;
      if (complaint.empty()) complaint = text::cat(": ", path, ": ", network.error().message);
    }
  }
  return fail(Errc::unavailable, text::cat("no usable CNI network configuration in ",
                                           options_.config_folder, complaint));
}

std::string CniInvoker::record_path(std::string_view container_id) const {
  return text::cat(options_.record_folder, "/", container_id, ".json");
}

Result<CniRecord> CniInvoker::load(std::string_view container_id) const {
  return parse_record(NODAL_TRY(file::read(record_path(container_id), 4u << 20)));
}

Result<> CniInvoker::store(const CniRecord& record) const {
  // No fsync: a record need not outlive a crash of the machine, its sandbox does not either.
  const auto path = record_path(record.attachment.container_id), temporary = path + ".new";
  const auto bytes = encode_record(record);
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd && errno == ENOENT) {
    NODAL_TRY(file::make_folders(options_.record_folder, 0700));
    fd.reset(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  }
  if (!fd) return fail_errno(errno, temporary);
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto n = ::write(fd.get(), rest.data(), rest.size());
    if (n < 0 && errno != EINTR) return fail_errno(errno, temporary);
    if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(errno, path);
  return {};
}

Result<std::string> CniInvoker::locate(const CniPlugin& plugin) const {
  for (const auto& folder : options_.plugin_folders)
    if (auto program = text::cat(folder, "/", plugin.type); ::access(program.c_str(), X_OK) == 0)
      return program;
  return fail(Errc::internal, text::cat("CNI plugin ", plugin.type, ": no such program in ",
                                        text::join(options_.plugin_folders, ", ")));
}

Result<std::string> CniInvoker::run(std::string_view command, const CniPlugin& plugin,
                                    const CniAttachment& attachment,
                                    const std::string& input) const {
  const auto what = text::cat("CNI plugin ", plugin.type, " ", command);
  const auto program = NODAL_TRY(locate(plugin));
  auto ended =
      run_program({.program = program,
                   .arguments = {},
                   .environment = plugin_environment(command, attachment, options_.plugin_folders),
                   .input = input,
                   .output_limit = kMaxOutput,
                   .timeout = options_.timeout});
  if (!ended) return wrap(what, std::move(ended).error());
  if (ended->exit_code == 0) return std::move(ended->output);
  auto message = cni_error_message(ended->output);
  if (message.empty())
    message = std::string(text::trim(std::string_view(ended->errors).substr(0, 1024)));
  return fail(Errc::internal,
              text::cat(what, " failed with code ", ended->exit_code, ": ", message));
}

Result<std::vector<std::string>> CniInvoker::add(const CniAttachment& attachment) {
  const std::shared_lock lock(garbage_);
  const auto network = NODAL_TRY(this->network());
  // Before anything happens: what never ran needs no undo.
  for (const auto& plugin : network.plugins) NODAL_TRY(locate(plugin));
  CniRecord record{attachment, network.json, ""};
  NODAL_TRY(store(record));

  std::string result;
  const auto chain = [&]() -> Result<std::vector<std::string>> {
    for (const auto& plugin : network.plugins) {
      const auto input = NODAL_TRY(plugin_input(network, plugin, attachment, result));
      result = NODAL_TRY(run("ADD", plugin, attachment, input));
      NODAL_TRY(result_addresses(result));
    }
    auto addresses = NODAL_TRY(result_addresses(result));
    if (addresses.empty())
      return fail(Errc::internal, text::cat("CNI network ", network.name, " gave no address"));
    record.result = result;
    NODAL_TRY(store(record));
    tell_addresses(record);
    return addresses;
  }();
  if (chain) return chain;
  // The record stays until the undo succeeded; remove() tries again.
  if (auto undone = detach(network, attachment, result); !undone)
    log::warn("undo of CNI ADD",
              {{"sandbox", attachment.container_id}, {"error", undone.error().message}});
  else
    (void)file::remove(record_path(attachment.container_id));
  return chain;
}

Result<> CniInvoker::detach(const CniNetwork& network, const CniAttachment& attachment,
                            std::string_view result) const {
  // Every plugin gets its DEL, also after one failed: the first failure is the answer.
  Result<> first;
  for (auto plugin = network.plugins.rbegin(); plugin != network.plugins.rend(); ++plugin) {
    const auto input = NODAL_TRY(plugin_input(network, *plugin, attachment,
                                              at_least_04(network) ? result : std::string_view()));
    if (auto ran = run("DEL", *plugin, attachment, input); !ran && first)
      first = std::unexpected(std::move(ran).error());
  }
  return first;
}

Result<> CniInvoker::remove(std::string_view container_id, std::string_view netns) {
  const std::shared_lock lock(garbage_);
  auto record = load(container_id);
  if (!record) {
    const bool absent = record.error().code == Errc::not_found;
    log::warn("no CNI record that can be read; the network is taken down as it is configured now",
              {{"sandbox", container_id}, {"error", record.error().message}});
    CniAttachment attachment;
    attachment.container_id = container_id;
    attachment.interface = kInterface;
    const auto network = this->network();
    const auto detached =
        network ? detach(*network, attachment, "") : Result<>(std::unexpected(network.error()));
    // Perhaps there never was anything: this must not keep the sandbox.
    if (!detached && !absent) return wrap("CNI record", detached.error());
    return file::remove(record_path(container_id));
  }
  record->attachment.netns = netns;
  const bool list = true;  // it was normalised when it was kept
  const auto network = NODAL_TRY(parse_network(record->network, list));
  NODAL_TRY(detach(network, record->attachment, record->result));
  if (const auto ips = result_addresses(record->result); ips && !options_.address_folder.empty())
    for (const auto& ip : *ips)
      if (const auto address = net::IpAddress::parse(ip))
        net::PodAddresses(options_.address_folder).remove(*address, container_id);
  return file::remove(record_path(container_id));
}

void CniInvoker::tell_addresses(const CniRecord& record) const {
  if (options_.address_folder.empty()) return;
  net::PodAddresses told(options_.address_folder);
  for (const auto& ip : result_addresses(record.result).value_or(std::vector<std::string>{}))
    if (const auto address = net::IpAddress::parse(ip))
      if (auto put =
              told.put(*address, record.attachment.pod.namespace_, record.attachment.container_id);
          !put)
        log::warn("the DNS will not know whose an address is", {{"error", put.error().message}});
}

Result<> CniInvoker::check(std::string_view container_id) {
  const std::shared_lock lock(garbage_);
  const auto record = NODAL_TRY(load(container_id));
  const auto network = NODAL_TRY(parse_network(record.network, true));
  if (network.disable_check || !at_least_04(network)) return {};
  for (const auto& plugin : network.plugins)
    NODAL_TRY(run("CHECK", plugin, record.attachment,
                  NODAL_TRY(plugin_input(network, plugin, record.attachment, record.result))));
  return {};
}

Result<> CniInvoker::collect_garbage(const std::vector<std::string>& live) {
  const std::unique_lock lock(garbage_);
  const auto network = NODAL_TRY(this->network());
  std::vector<CniAttachment> valid;
  const auto keep = [&](const std::string& id) {
    auto& one = valid.emplace_back();
    one.container_id = id;
    one.interface = kInterface;
  };
  for (const auto& id : live) keep(id);
  for (const auto& id : NODAL_TRY(recorded())) {
    const auto record = load(id);
    if (record) tell_addresses(*record);  // again: the folder may be of an earlier boot, or gone
    keep(id);
  }
  if (network.disable_gc) return {};
  for (const auto& plugin : network.plugins) {
    auto collected = network;
    if (plugin.type == kOwnPlugin) collected.version = "1.1.0";
    if (collected.version != "1.1.0") continue;
    NODAL_TRY(run("GC", plugin, {}, NODAL_TRY(gc_input(collected, plugin, valid))));
  }
  return {};
}

Result<> CniInvoker::status() const {
  const auto network = NODAL_TRY(this->network());
  for (const auto& plugin : network.plugins) {
    NODAL_TRY(locate(plugin));
    if (network.version == "1.1.0")
      NODAL_TRY(run("STATUS", plugin, {}, NODAL_TRY(plugin_input(network, plugin, {}, ""))));
  }
  return {};
}

Result<std::vector<std::string>> CniInvoker::addresses(std::string_view container_id) const {
  const auto record = NODAL_TRY(load(container_id));
  if (record.result.empty())
    return fail(Errc::not_found, "the network of the sandbox was never finished");
  return result_addresses(record.result);
}

Result<std::vector<std::string>> CniInvoker::recorded() const {
  std::vector<std::string> out;
  auto names = file::list(options_.record_folder);
  if (!names) {
    if (names.error().code == Errc::not_found) return out;
    return std::unexpected(std::move(names).error());
  }
  for (const auto& name : *names)
    if (name.ends_with(".json")) out.push_back(name.substr(0, name.size() - 5));
  return out;
}

}  // namespace nodal::agent::docker
