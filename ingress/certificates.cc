// ingress/certificates.cc — see certificates.h.
#include "ingress/certificates.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace nodal::ingress {
namespace {

constexpr std::chrono::seconds kPatience{2};  // for the first answer about a Secret

// As nginx reads it; "" when there is no pair.
std::string pem_of(const core_v1::Secret& secret) {
  const auto certificate = secret.data.find("tls.crt");
  const auto key = secret.data.find("tls.key");
  if (certificate == secret.data.end() || key == secret.data.end()) return {};
  return text::cat(certificate->second, "\n", key->second, "\n");
}

}  // namespace

Certificates::Certificates(std::shared_ptr<client::Client> client, RenderOptions render,
                           std::function<void()> changed)
    : client_(std::move(client)), render_(std::move(render)), changed_(std::move(changed)) {}

std::unique_ptr<Certificates::Watched> Certificates::watch(const std::string& key) const {
  const auto slash = key.find('/');
  auto out = std::make_unique<Watched>();
  out->since = std::chrono::steady_clock::now();
  out->mirror.on_change([this](const auto&) { changed_(); });
  out->mirror.on_synced([this] { changed_(); });
  out->feed = std::make_unique<client::Reflector<core_v1::Secret>>(
      client_, out->mirror,
      client::ReflectorOptions<core_v1::Secret>{
          .namespace_ = key.substr(0, slash),
          .field_selector = "metadata.name=" + key.substr(slash + 1)});
  return out;
}

Certificates::Found Certificates::follow(const std::set<std::string>& wanted) {
  Found out;
  std::erase_if(watched_, [&](const auto& entry) {
    if (wanted.contains(entry.first)) return false;
    static_cast<void>(file::remove(certificate_file(render_, entry.first)));
    return true;
  });
  for (const auto& key : wanted) {
    auto& watched = watched_[key];
    if (!watched) watched = watch(key);
    if (!watched->mirror.has_synced()) {
      out.all_known =
          out.all_known && std::chrono::steady_clock::now() - watched->since > kPatience;
      continue;
    }
    const auto secret = watched->mirror.get(key);
    const auto pem = secret ? pem_of(*secret) : std::string();
    if (pem != watched->written) {
      const auto file = certificate_file(render_, key);
      const auto done = pem.empty() ? file::remove(file) : file::write(file, pem, 0600);
      if (!done) {
        log::warn("a certificate cannot be written",
                  {{"secret", key}, {"error", done.error().message}});
        continue;
      }
      watched->written = pem;
      out.bytes_differ = true;
    }
    if (!pem.empty()) out.at_hand.insert(key);
  }
  return out;
}

}  // namespace nodal::ingress
