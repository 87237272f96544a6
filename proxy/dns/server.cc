// proxy/dns/server.cc — see server.h.
#include "proxy/dns/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>
#include <tuple>

#include "base/loop/stop.h"
#include "base/text.h"
#include "proxy/dns/cache.h"
#include "proxy/dns/listener.h"
#include "proxy/dns/search_memory.h"
#include "proxy/dns/upstream.h"

namespace nodal::proxy::dns {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestMessage = 65535;
constexpr std::size_t kMostPending = 1024;  ///< questions under way upstream
constexpr std::size_t kMostHeld = 512;      ///< questions that wait for the first snapshot
constexpr auto kLongestHeld = 1s;
constexpr auto kLookAgain = 20ms;

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, const SnapshotCell<ServiceSnapshot>& snapshot)
      : options_(std::move(options)),
        snapshot_(snapshot),
        held_timer_(io_),
        cache_(options_.cache_entries),
        health_(options_.upstreams.size()) {
    for (const auto& at : options_.listen)
      listeners_
          .emplace_back(std::make_unique<Listener>(
              io_, at,
              [this](std::string_view wire, const net::IpAddress& peer, bool datagram,
                     const Listener::Reply& reply) {
                ++queries_;
                serve({std::string(wire), peer, datagram, reply, Clock::now() + kLongestHeld});
              }))
          ->open();
    port_ = listeners_.empty() ? std::uint16_t{0} : listeners_.front()->port();
    thread_ = std::thread([this] {
      name_thread("dns");
      const auto work = asio::make_work_guard(io_);
      io_.run();
    });
  }

  ~AsioServer() override {
    io_.stop();
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] std::string complaint() const override {
    std::string out;
    for (const auto& listener : listeners_)
      if (const auto one = listener->complaint(); !one.empty())
        out += text::cat(out.empty() ? "" : "; ", one);
    return out;
  }
  [[nodiscard]] Figures figures() const override {
    return {queries_, cluster_, completed_, forwarded_, hits_, stale_, failures_};
  }

 private:
  struct Asked {
    std::string wire;
    net::IpAddress peer;
    bool datagram = false;
    Listener::Reply reply;
    Clock::time_point patience;  // until then it may wait for the first snapshot
  };

  using Send = std::function<void(const Message&)>;

  // Tries the names from `next` on; the first that exists is the answer, else `denied` is.
  void complete(const net::IpAddress& asker, Question question, Message denied,
                std::vector<Name> names, std::size_t next, Send send) {
    for (; next < names.size(); ++next) {
      const Question tried{names[next], question.type, question.klass};
      const auto own = answer(tried, *snapshot_.read(), options_.zone);
      if (own && own->message.rcode == Rcode::name_error) continue;
      if (own && !own->continue_at) {
        ++completed_;
        return send(completed(question, tried.name, own->message, options_.zone));
      }
      if (own) break;  // an alias that leads elsewhere: the resolver finds it itself
      return resolve(tried, [this, asker, question = std::move(question),
                             denied = std::move(denied), names = std::move(names), next,
                             send = std::move(send)](const Message& message) mutable {
        if (message.rcode == Rcode::no_error) {
          ++completed_;
          return send(completed(question, names[next], message, options_.zone));
        }
        complete(asker, std::move(question), std::move(denied), std::move(names), next + 1,
                 std::move(send));
      });
    }
    later_.note(asker, names, Clock::now());
    ++cluster_;
    send(denied);
  }

  void serve(Asked asked) {
    auto query = parse_query(asked.wire);
    if (!query) {
      if (const auto id = query_id(asked.wire))
        asked.reply(encode_error(*id, query.error().code == Errc::forbidden ? Rcode::not_implemented
                                                                            : Rcode::format_error));
      return;
    }
    const std::size_t limit =
        asked.datagram ? std::min(query->edns_size.value_or(kPlainUdp), kEdnsUdp) : kLargestMessage;
    const auto send = [query = *query, limit, reply = asked.reply](const Message& message) {
      reply(encode_answer(query, message, limit));
    };
    if (query->edns_version != 0) return send(failure(Rcode::bad_version));
    const auto snapshot = snapshot_.read();
    const auto& question = query->question;
    auto own = answer(question, *snapshot, options_.zone);
    if (own && !snapshot->is_complete()) {
      if (Clock::now() >= asked.patience || held_.size() >= kMostHeld)
        return send(failure(Rcode::server_failure));
      return hold(std::move(asked));
    }
    if (own && own->message.rcode == Rcode::name_error)
      if (const auto step = search_step(question, *snapshot, options_.zone);
          step && options_.namespace_of && options_.namespace_of(asked.peer) == step->namespace_ &&
          !later_.follows(asked.peer, question.name, Clock::now()))
        return complete(asked.peer, question, std::move(own->message),
                        search_path(step->word, options_.zone), 0, send);
    if (own && !own->continue_at) {
      ++cluster_;
      return send(own->message);
    }
    if (!own) return resolve(question, send);
    // An ExternalName: its CNAME is ours, what follows is upstream's.
    resolve({*own->continue_at, question.type, kClassIn},
            [send, message = std::move(own->message)](const Message& rest) {
              Message whole = message;
              whole.authoritative = false;
              if (rest.rcode != Rcode::no_error) whole.rcode = rest.rcode;
              whole.answers.insert(whole.answers.end(), rest.answers.begin(), rest.answers.end());
              send(whole);
            });
  }

  // Until the first snapshot is there, or the question has waited for long enough.
  void hold(Asked asked) {
    held_.push_back(std::move(asked));
    if (held_.size() > 1) return;
    held_timer_.expires_after(kLookAgain);
    held_timer_.async_wait([this](error_code error) {
      if (error) return;
      for (auto& one : std::exchange(held_, {})) serve(std::move(one));
    });
  }

  static Message failure(Rcode rcode) {
    Message out;
    out.rcode = rcode;
    return out;
  }

  // From the cache, from upstream, or stale when upstream is away or takes its time. Equal
  // questions at one time are asked once.
  void resolve(const Question& question, std::function<void(const Message&)> done) {
    const auto now = Clock::now();
    const auto found = cache_.find(question, now);
    if (found && found->fresh) {
      ++hits_;
      return done(found->message);
    }
    if (options_.upstreams.empty()) return done(failure(Rcode::refused));
    const Id id{question.name, question.type, question.klass};
    if (const auto it = pending_.find(id); it != pending_.end()) {
      it->second.waiting.push_back(std::move(done));
      if (it->second.is_late) give_stale(question);
      return;
    }
    if (pending_.size() >= kMostPending) return done(failure(Rcode::server_failure));
    auto& pending = pending_[id];
    pending.waiting.push_back(std::move(done));
    if (found) {
      pending.patience = std::make_unique<asio::steady_timer>(io_);
      pending.patience->expires_after(health_.all_rest(now) ? 0ms : options_.patience);
      pending.patience->async_wait([this, question](error_code error) {
        if (!error) give_stale(question);
      });
    }
    ++forwarded_;
    ask_upstream(io_, options_.upstreams, health_, question,
                 [this, id, question](const Result<Message>& result) {
                   if (result)
                     cache_.put(question, *result, Clock::now());
                   else
                     ++failures_;
                   if (!result) give_stale(question);
                   const auto over = pending_.extract(id);
                   for (const auto& waiter : over.mapped().waiting)
                     waiter(result ? *result : failure(Rcode::server_failure));
                 });
  }

  // What is known of old, to all who wait for it now.
  void give_stale(const Question& question) {
    const auto pending = pending_.find({question.name, question.type, question.klass});
    if (pending == pending_.end()) return;
    const auto stale = cache_.find(question, Clock::now());
    if (!stale) return;
    pending->second.is_late = true;
    for (const auto& waiter : std::exchange(pending->second.waiting, {})) {
      ++stale_;
      waiter(stale->message);
    }
  }

  using Id = std::tuple<Name, std::uint16_t, std::uint16_t>;
  struct Pending {
    std::vector<std::function<void(const Message&)>> waiting;
    std::unique_ptr<asio::steady_timer> patience;  // there is something stale
    bool is_late = false;                          // what is stale has to do
  };

  const ServerOptions options_;
  const SnapshotCell<ServiceSnapshot>& snapshot_;
  asio::io_context io_{1};
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<Asked> held_;
  asio::steady_timer held_timer_;
  Cache cache_;
  UpstreamHealth health_;
  SearchMemory later_;
  std::map<Id, Pending> pending_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> queries_ = 0, cluster_ = 0, completed_ = 0, forwarded_ = 0, hits_ = 0,
                             stale_ = 0, failures_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Server> Server::start(ServerOptions options,
                                      const SnapshotCell<ServiceSnapshot>& snapshot) {
  return std::make_unique<AsioServer>(std::move(options), snapshot);
}

}  // namespace nodal::proxy::dns
