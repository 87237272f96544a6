// proxy/dns/answer.cc — see answer.h.
#include "proxy/dns/answer.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace nodal::proxy::dns {
namespace {

constexpr int kMostCnames = 8;

bool wants(const Question& question, std::uint16_t type) {
  return question.type == type || question.type == kAny;
}

// "10-244-1-2": the label of an endpoint without a host name.
std::string dashed(const net::IpAddress& ip) {
  std::string out = ip.text();
  std::ranges::replace(out, '.', '-');
  std::ranges::replace(out, ':', '-');
  return out;
}

std::optional<net::IpAddress> undashed(std::string label) {
  std::string v4 = label;
  std::ranges::replace(v4, '-', '.');
  if (auto ip = net::IpAddress::parse(v4)) return ip;
  std::ranges::replace(label, '-', ':');
  return net::IpAddress::parse(label);
}

std::string label_of(const Endpoint& endpoint) {
  return endpoint.hostname.empty() ? dashed(endpoint.address.ip) : text::lower(endpoint.hostname);
}

bool is_published(const ServiceEntry& service, const Endpoint& endpoint) {
  return endpoint.ready || service.publish_not_ready;
}

// 10.1.96.10.in-addr.arpa → 10.96.1.10; likewise for ip6.arpa.
std::optional<net::IpAddress> reverse_address(std::string_view name) {
  if (name.ends_with(".in-addr.arpa")) {
    auto parts = text::split(name.substr(0, name.size() - 13), '.');
    if (parts.size() != 4) return std::nullopt;
    return net::IpAddress::parse(text::cat(parts[3], ".", parts[2], ".", parts[1], ".", parts[0]));
  }
  if (name.ends_with(".ip6.arpa")) {
    const auto nibbles = text::split(name.substr(0, name.size() - 9), '.');
    if (nibbles.size() != 32) return std::nullopt;
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < 32; ++i) {
      const auto nibble = nibbles[31 - i];
      if (nibble.size() != 1) return std::nullopt;
      const char c = nibble[0];
      const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (value < 0) return std::nullopt;
      bytes[i / 2] = static_cast<std::uint8_t>(bytes[i / 2] << 4 | value);
    }
    return net::IpAddress::v6(bytes);
  }
  return std::nullopt;
}

class Resolver {
 public:
  Resolver(const Question& question, const ServiceSnapshot& snapshot, const Zone& zone)
      : question_(question), snapshot_(snapshot), zone_(zone) {
    out_.message.authoritative = true;
  }

  Answer forward() {
    Name name = question_.name;
    for (int hops = 0; hops < kMostCnames; ++hops) {
      const auto next = resolve(name);
      if (!next) return finish();
      if (!in_zone(*next)) {
        out_.continue_at = *next;
        return std::move(out_);
      }
      name = *next;
    }
    return finish();
  }

  Answer reverse(const net::IpAddress& address) {
    std::set<Name> names;
    for (const auto& service : snapshot_.find(address)) {
      const Name base = service_name(*service);
      if (!service->headless) {
        names.insert(base);
        continue;
      }
      for (const auto& port : service->ports)
        for (const auto& endpoint : port.endpoints)
          if (endpoint.address.ip == address && is_published(*service, endpoint) &&
              !endpoint.hostname.empty())
            names.insert(text::cat(label_of(endpoint), ".", base));
    }
    exists_ = !names.empty();
    if (wants(question_, kPtr))
      for (const auto& name : names) add(question_.name, kPtr, NameData{name});
    return finish();
  }

  [[nodiscard]] bool in_zone(std::string_view name) const {
    return name == zone_.domain ||
           (name.ends_with(zone_.domain) && name.size() > zone_.domain.size() &&
            name[name.size() - zone_.domain.size() - 1] == '.');
  }

 private:
  [[nodiscard]] Name service_name(const ServiceEntry& service) const {
    return text::cat(service.name, ".", service.namespace_, ".svc.", zone_.domain);
  }

  void add(const Name& name, std::uint16_t type, decltype(Record::data) data) {
    Record record{name, type, zone_.ttl, std::move(data)};
    if (std::ranges::find(out_.message.answers, record) == out_.message.answers.end())
      out_.message.answers.push_back(std::move(record));
  }

  void add_address(const Name& name, const net::IpAddress& ip) {
    exists_ = true;
    const std::uint16_t type = ip.is_v6() ? kAaaa : kA;
    if (wants(question_, type)) add(name, type, ip);
  }

  // Answers what the cluster has of that name; the target when it is an alias.
  std::optional<Name> resolve(const Name& name) {
    exists_ = false;
    if (name == zone_.domain) {
      exists_ = true;
      if (wants(question_, kSoa)) add(name, kSoa, soa());
      if (wants(question_, kNs)) {
        add(name, kNs, NameData{name_server()});
        for (const auto& ip : zone_.servers)
          out_.message.additionals.push_back(address_record(name_server(), ip));
      }
      return std::nullopt;
    }
    if (name == name_server()) {
      exists_ = true;
      for (const auto& ip : zone_.servers) add_address(name, ip);
      return std::nullopt;
    }
    if (name == text::cat("dns.", zone_.domain)) {
      exists_ = true;
      return std::nullopt;
    }
    const auto labels =
        text::split(std::string_view(name).substr(0, name.size() - zone_.domain.size() - 1), '.');
    const auto count = labels.size();
    const auto last = labels.back();
    if (last == "dns-version" && count == 1) {
      exists_ = true;
      if (wants(question_, kTxt)) add(name, kTxt, TextData{"1.1.0"});
    } else if (last == "svc") {
      if (count == 1) exists_ = true;
      if (count == 2) exists_ = snapshot_.has_namespace(labels[0]);
      if (count >= 3) return resolve_service(name, labels);
    } else if (last == "pod") {
      if (count <= 2) exists_ = count == 1 || snapshot_.has_namespace(labels[0]);
      if (count == 3)
        if (const auto ip = undashed(std::string(labels[0]))) add_address(name, *ip);
    }
    return std::nullopt;
  }

  std::optional<Name> resolve_service(const Name& name,
                                      const std::vector<std::string_view>& labels) {
    const auto count = labels.size();
    const auto service = snapshot_.find(text::cat(labels[count - 2], "/", labels[count - 3]));
    if (!service) return std::nullopt;
    if (service->type == ServiceType::external_name) {
      if (count != 3) return std::nullopt;
      exists_ = true;
      const Name target = normalize(service->external_name);
      if (const auto ip = net::IpAddress::parse(target)) {
        add_address(name, *ip);
        return std::nullopt;
      }
      add(name, kCname, NameData{target});
      return question_.type == kCname || question_.type == kAny ? std::nullopt
                                                                : std::optional(target);
    }
    if (count == 3) {
      addresses_of(name, *service);
      // A question for SRV of the bare Service lists all its named ports.
      if (wants(question_, kSrv) && question_.type == kSrv)
        for (const auto& port : service->ports)
          if (port.port != 0) add_srv(name, *service, port);
    } else if (count == 4) {
      for (const auto& port : service->ports)
        for (const auto& endpoint : port.endpoints)
          if (service->headless && is_published(*service, endpoint) &&
              label_of(endpoint) == labels[0])
            add_address(name, endpoint.address.ip);
    } else if (count == 5 && labels[0].starts_with('_') && labels[1].starts_with('_')) {
      for (const auto& port : service->ports) {
        if (port.port == 0 || labels[0].substr(1) != text::lower(port.name)) continue;
        if (labels[1].substr(1) != text::lower(proxy::name(port.protocol))) continue;
        exists_ = true;
        if (wants(question_, kSrv)) add_srv(name, *service, port);
      }
    }
    return std::nullopt;
  }

  void addresses_of(const Name& name, const ServiceEntry& service) {
    if (!service.headless) {
      for (const auto& ip : service.cluster_ips) add_address(name, ip);
      exists_ = true;
      return;
    }
    for (const auto& port : service.ports)
      for (const auto& endpoint : port.endpoints)
        if (is_published(service, endpoint)) add_address(name, endpoint.address.ip);
  }

  void add_srv(const Name& name, const ServiceEntry& service, const ServicePort& port) {
    const Name base = service_name(service);
    const auto add_target = [&](const Name& target, std::uint16_t number,
                                const net::IpAddress& ip) {
      exists_ = true;
      add(name, kSrv, Srv{0, 100, number, target});
      Record record = address_record(target, ip);
      if (std::ranges::find(out_.message.additionals, record) == out_.message.additionals.end())
        out_.message.additionals.push_back(std::move(record));
    };
    if (!service.headless) {
      for (const auto& ip : service.cluster_ips) add_target(base, port.port, ip);
      return;
    }
    for (const auto& endpoint : port.endpoints)
      if (is_published(service, endpoint))
        add_target(text::cat(label_of(endpoint), ".", base), endpoint.address.port,
                   endpoint.address.ip);
  }

  [[nodiscard]] Record address_record(const Name& name, const net::IpAddress& ip) const {
    return {name, static_cast<std::uint16_t>(ip.is_v6() ? kAaaa : kA), zone_.ttl, ip};
  }

  [[nodiscard]] Name name_server() const { return text::cat("ns.dns.", zone_.domain); }

  [[nodiscard]] Soa soa() const {
    return {name_server(),     text::cat("hostmaster.", zone_.domain), 1, 7200, 1800, 86400,
            zone_.negative_ttl};
  }

  Answer finish() {
    if (out_.message.answers.empty()) {
      if (!exists_) out_.message.rcode = Rcode::name_error;
      const Name zone = in_zone(question_.name) ? zone_.domain : question_.name;
      out_.message.authorities.push_back({zone, kSoa, zone_.negative_ttl, soa()});
    }
    return std::move(out_);
  }

  const Question& question_;
  const ServiceSnapshot& snapshot_;
  const Zone& zone_;
  Answer out_;
  bool exists_ = false;
};

}  // namespace

std::optional<Answer> answer(const Question& question, const ServiceSnapshot& snapshot,
                             const Zone& zone) {
  Resolver resolver(question, snapshot, zone);
  if (resolver.in_zone(question.name)) {
    if (question.klass != kClassIn) {
      Answer refused;
      refused.message.rcode = Rcode::refused;
      return refused;
    }
    return resolver.forward();
  }
  if (const auto address = reverse_address(question.name))
    if (std::ranges::any_of(zone.reverse,
                            [&](const auto& cidr) { return cidr.contains(*address); }) ||
        !snapshot.find(*address).empty())
      return resolver.reverse(*address);
  return std::nullopt;
}

std::optional<SearchStep> search_step(const Question& question, const ServiceSnapshot& snapshot,
                                      const Zone& zone) {
  if (question.klass != kClassIn || (question.type != kA && question.type != kAaaa))
    return std::nullopt;
  const Name services = text::cat(".svc.", zone.domain);
  std::string_view rest = question.name;
  if (!rest.ends_with(services)) return std::nullopt;
  rest.remove_suffix(services.size());
  const auto dot = rest.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  SearchStep step{Name(rest.substr(0, dot)), Name(rest.substr(dot + 1))};
  const auto last = step.word.rfind('.');
  if (last == Name::npos) return std::nullopt;
  if (snapshot.find(text::cat(step.namespace_, "/", step.word.substr(last + 1))))
    return std::nullopt;
  return step;
}

std::vector<Name> search_path(const Name& word, const Zone& zone) {
  std::vector<Name> out = {text::cat(word, ".svc.", zone.domain),
                           text::cat(word, ".", zone.domain)};
  for (const auto& search : zone.searches) out.push_back(text::cat(word, ".", search));
  out.push_back(word);
  return out;
}

Message completed(const Question& question, const Name& found, const Message& message,
                  const Zone& zone) {
  Message out = message;
  out.authoritative = false;
  out.answers.insert(out.answers.begin(), Record{question.name, kCname, zone.ttl, NameData{found}});
  return out;
}

}  // namespace nodal::proxy::dns
