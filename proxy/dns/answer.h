// proxy/dns/answer.h — a question and the snapshot → the cluster's answer. Pure.
#pragma once

#include <optional>

#include "proxy/dns/message.h"
#include "proxy/service_snapshot.h"

namespace nodal::proxy::dns {

struct Zone {
  Name domain = "cluster.local";
  std::uint32_t ttl = 5;           ///< of records that exist, seconds
  std::uint32_t negative_ttl = 5;  ///< of their absence
  std::vector<net::Cidr>
      reverse;  ///< pod and Service ranges: PTR questions about them are ours alone
  std::vector<net::IpAddress> servers;  ///< where this node answers: ns.dns.DOMAIN
  std::vector<Name> searches;  ///< that pods have from their node, behind the cluster's own
};

/// What the cluster says, or what is still to be asked elsewhere.
struct Answer {
  Message message;
  /// An ExternalName's target outside the zone: its addresses, as another server gives them, follow
  /// the CNAME.
  std::optional<Name> continue_at;
};

/// The cluster's answer; nothing when the question is none of its business and goes upstream.
///
/// Services: A and AAAA of the cluster IPs; of all ready endpoints (or also the others, with
/// publishNotReadyAddresses) when headless; SRV per named port; ExternalName as a CNAME, followed
/// inside the zone. Endpoints of headless Services by host name, or by their address with dashes.
/// Pods as a-b-c-d.NAMESPACE.pod.DOMAIN. PTR of cluster IPs and of endpoints with a host name. A
/// name that exists without the asked type is an empty answer with the SOA, one that does not is a
/// name error. The domain's name server is ns.dns.DOMAIN, as in its SOA.
/// @source Kubernetes DNS-Based Service Discovery 1.1.0
std::optional<Answer> answer(const Question& question, const ServiceSnapshot& snapshot,
                             const Zone& zone);

/// A denied question that looks like the first step of a search path: WORD.NAMESPACE.svc.DOMAIN.
struct SearchStep {
  Name word, namespace_;
  bool operator==(const SearchStep&) const = default;
};

/// Such a question, of type A or AAAA. It is one only when a pod of that namespace asks, which the
/// caller knows. A word without a dot is none, and neither is an endpoint's name below a Service of
/// that namespace: db.prod.svc.DOMAIN asked by its whole name looks the same as the first step of
/// "db", and must not become db below a search domain of the node.
std::optional<SearchStep> search_step(const Question& question, const ServiceSnapshot& snapshot,
                                      const Zone& zone);

/// The names that the pod's resolver tries after that step was denied, in its order:
/// WORD.svc.DOMAIN, WORD.DOMAIN, WORD below the node's search domains, WORD itself. Trying them
/// here makes one question of up to six.
std::vector<Name> search_path(const Name& word, const Zone& zone);

/// The answer of one of those names as the answer to `question`: an alias, then what it stands for.
Message completed(const Question& question, const Name& found, const Message& message,
                  const Zone& zone);

}  // namespace nodal::proxy::dns
