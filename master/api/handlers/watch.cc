// master/api/handlers/watch.cc — changes as they happen: history, then live, straight from the
// committing thread.
#include <boost/json.hpp>
#include <random>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/selection.h"
#include "master/api/table.h"
#include "master/registry/conversion.h"

namespace nodal::master::handlers {
namespace {

// So long before its end a watch says once more how far it has come.
constexpr std::chrono::seconds kLastMark{1};

// One open watch. The store's thread, the timers' and the transport's meet in here.
class WatchStream : public std::enable_shared_from_this<WatchStream> {
 public:
  WatchStream(CallPtr call, Selection selection, bool bookmarks)
      : call_(std::move(call)), selection_(std::move(selection)), bookmarks_(bookmarks) {
    call_->api->metrics().watches.fetch_add(1);
  }
  ~WatchStream() {
    if (!stopped_) call_->api->metrics().watches.fetch_sub(1);
  }

  // Whether objects have to be looked into.
  [[nodiscard]] bool parses() const {
    return call_->form != Form::json || selection_.needs_object() || !call_->shows_stored();
  }

  // The present objects as ADDED.
  void initial(const Page& page) {
    const std::size_t skip = key_prefix(call_->stored(), "").size();
    for (const auto& entry : page.entries) {
      const auto [ns, name] = split(std::string_view(entry.key).substr(skip));
      if (!selection_.key_fits(ns, name)) continue;
      if (selection_.needs_object() && !selection_.fits(parse_object(*entry.value))) continue;
      if (call_->form == Form::table) {
        if (!send(table(WatchType::added, parse_object(*call_->shown(entry.value))))) return;
      } else if (!send(event_frame(WatchType::added, *call_->shown(entry.value)))) {
        return;
      }
    }
  }

  // The store's sink.
  void on_event(const Event& event) {
    if (stopped_) return;
    deliver(event);
    seen_ = event.entry.modified;
  }

  void deliver(const Event& event) {
    const std::size_t skip = key_prefix(call_->stored(), "").size();
    const auto [ns, name] = split(std::string_view(event.entry.key).substr(skip));
    if (!selection_.key_fits(ns, name)) return;
    const auto view = call_->api->views().of(call_->stored(), event);
    WatchType type = event.type == Event::Type::erase ? WatchType::deleted
                     : event.previous                 ? WatchType::modified
                                                      : WatchType::added;
    if (selection_.needs_object()) {
      if (event.type == Event::Type::erase) {
        if (!selection_.fits(view->now())) return;
      } else {
        const bool now = selection_.fits(view->now());
        const bool before = event.previous && selection_.fits(view->before());
        if (!now && !before) return;
        type = now ? (before ? WatchType::modified : WatchType::added) : WatchType::deleted;
      }
    }
    const bool sent = call_->form == Form::table
                          ? send(table(type, parse_object(*call_->shown(view->object(type)))))
                      : call_->shows_stored()
                          ? send(view->frame(type))
                          : send(event_frame(type, *call_->shown(view->object(type))));
    // The handle may not die inside its own sink.
    if (!sent) call_->api->timers().after({}, [self = shared_from_this()] { self->stop(); });
  }

  // From the timers: every bookmark names what had been committed at the one before, so it can
  // never run ahead of an event that is still on its way.
  void bookmark() {
    mark();
    arm();
  }
  void mark() {
    if (stopped_) return;
    const Revision now = call_->api->parts().kv->revision();
    const Revision safe = std::max<Revision>(marked_, seen_);
    marked_ = now;
    if (bookmarks_ && safe > 0) send(bookmark_frame(safe, false));
  }
  void arm() {
    const std::lock_guard lock(mutex_);
    if (stopped_ || !bookmarks_) return;
    bookmark_timer_ = call_->api->timers().after(call_->api->parts().bookmark_interval,
                                                 [weak = weak_from_this()] {
                                                   if (const auto self = weak.lock())
                                                     self->bookmark();
                                                 });
  }
  void end_after(std::chrono::seconds delay) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (bookmarks_ && delay > kLastMark)
      last_timer_ = call_->api->timers().after(delay - kLastMark, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->mark();
      });
    end_timer_ = call_->api->timers().after(delay, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->stop();
      self->call_->responder->end();
    });
  }

  void initial_end(Revision revision) {
    marked_ = revision;
    send(bookmark_frame(revision, true));
  }
  void start_marks(Revision revision) { marked_ = revision; }

  void hold(KvStore::WatchHandle handle) {
    const std::lock_guard lock(mutex_);
    if (!stopped_) handle_ = std::move(handle);
  }

  void stop() {
    KvStore::WatchHandle handle;
    Timers::Id bookmark = 0, last = 0, end = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_.exchange(true)) return;
      call_->api->metrics().watches.fetch_sub(1);
      handle = std::move(handle_);
      bookmark = bookmark_timer_;
      last = last_timer_;
      end = end_timer_;
    }
    call_->api->timers().cancel(bookmark);
    call_->api->timers().cancel(last);
    call_->api->timers().cancel(end);
    handle.reset();
  }

  bool send(http::Chunk frame) { return !stopped_ && call_->responder->write(std::move(frame)); }

 private:
  std::pair<std::string_view, std::string_view> split(std::string_view tail) const {
    const auto slash = call_->resource->namespaced ? tail.find('/') : std::string_view::npos;
    if (slash == std::string_view::npos) return {{}, tail};
    return {tail.substr(0, slash), tail.substr(slash + 1)};
  }

  http::Chunk table(WatchType type, const boost::json::object& object) {
    std::string out = text::cat(
        R"({"type":")", name(type),
        R"(","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":)");
    codec::append_string(out, string_at(object, "metadata", "resourceVersion"));
    out += R"(},"columnDefinitions":)";
    // Only the first event carries the columns.
    out +=
        columns_sent_.exchange(true) ? std::string("null") : column_definitions(*call_->resource);
    out += R"(,"rows":[)";
    const auto include = call_->info.parameter("includeObject");
    append_row(*call_->resource, object, call_->api->parts().clock->now(),
               include == "None"     ? IncludeObject::none
               : include == "Object" ? IncludeObject::object
                                     : IncludeObject::metadata,
               out);
    out += "]}}\n";
    return std::make_shared<const std::string>(std::move(out));
  }

  http::Chunk bookmark_frame(Revision revision, bool end) const {
    std::string out = R"({"type":"BOOKMARK","object":)";
    if (call_->form == Form::table)
      out += text::cat(
          R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":")",
          revision, R"("},"columnDefinitions":null,"rows":[]}})");
    else
      out += text::cat(call_->opening(), R"(,"metadata":{"resourceVersion":")", revision,
                       R"(","creationTimestamp":null)",
                       end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "", "}}}");
    out += '\n';
    return std::make_shared<const std::string>(std::move(out));
  }

  const CallPtr call_;
  const Selection selection_;
  const bool bookmarks_;
  std::atomic<bool> stopped_ = false, columns_sent_ = false;
  std::atomic<Revision> seen_ = 0, marked_ = 0;
  std::mutex mutex_;
  KvStore::WatchHandle handle_;
  Timers::Id bookmark_timer_ = 0, last_timer_ = 0, end_timer_ = 0;
};

std::unexpected<ApiError> too_old(Revision asked, Revision now) {
  return errors::expired(text::cat("too old resource version: ", asked, " (", now, ")"));
}

// What the query says.
struct Terms {
  Revision after = 0;           // 0: from now on
  bool present = false;         // begin with the present objects
  bool initial_events = false;  // and say where they end
  bool bookmarks = false;
  std::chrono::seconds timeout{0};
};

Answer<Terms> terms_of(const RequestInfo& info, KvStore& kv) {
  Terms out;
  out.bookmarks = info.flag("allowWatchBookmarks");
  const auto forbid = [](std::string field, std::string why) {
    return errors::invalid("meta.k8s.io", "ListOptions", "",
                           {{"FieldValueForbidden", std::move(field), "Forbidden: " + why}});
  };
  const auto match = info.parameter("resourceVersionMatch");
  if (info.has_parameter("sendInitialEvents")) {
    if (match != "NotOlderThan")
      return forbid("resourceVersionMatch",
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    out.initial_events = info.flag("sendInitialEvents");
    if (out.initial_events && !out.bookmarks)
      return forbid("allowWatchBookmarks", "sendInitialEvents requires allowWatchBookmarks");
  } else if (!match.empty()) {
    return forbid(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (const auto timeout = info.parameter("timeoutSeconds"); !timeout.empty()) {
    const auto seconds = text::number<std::int64_t>(timeout);
    if (!seconds || *seconds < 0)
      return errors::bad_request(text::cat("invalid timeoutSeconds ", quoted(timeout)));
    out.timeout = std::chrono::seconds(std::min<std::int64_t>(*seconds, 24 * 3600));
  }
  if (out.timeout.count() ==
      0) {  // half an hour to an hour, so that clients do not come back all at once
    thread_local std::minstd_rand random(std::random_device{}());
    out.timeout = std::chrono::seconds(1800 + random() % 1800);
  }
  const auto asked = NODAL_TRY(asked_revision(info, kv));
  out.after = asked.value_or(0);
  out.present = out.initial_events || (!asked && !info.has_parameter("sendInitialEvents"));
  return out;
}

}  // namespace

void watch(const CallPtr& call) {
  if (!call->info.name.empty())  // GET …/name?watch: the same as a selector on the name
    call->info.query.emplace_back("fieldSelector", text::cat("metadata.name=", call->info.name));
  auto selection = Selection::parse(*call->resource, call->info);
  if (!selection) return call->fail(selection.error());
  KvStore& kv = *call->api->parts().kv;
  const auto terms = terms_of(call->info, kv);
  if (!terms) return call->fail(terms.error());
  const std::string prefix = key_prefix(
      call->stored(), call->resource->namespaced ? call->info.namespace_ : std::string());

  auto stream = std::make_shared<WatchStream>(call, std::move(*selection), terms->bookmarks);
  Page page;
  Revision after = terms->after == 0 ? kv.revision() : terms->after;
  if (terms->present) {
    auto listed = kv.list(prefix, 0, "", 0);
    if (!listed) return call->fail(errors::from(listed.error(), *call->resource, "").error());
    page = std::move(*listed);
    after = page.revision;
  }
  // Events that come before the present objects are out wait here; then the sink is the stream
  // itself.
  struct Gate {
    std::mutex mutex;
    bool open = false;
    std::vector<Event> early;
  };
  auto gate = std::make_shared<Gate>();
  auto handle = kv.watch(prefix, after, [stream, gate](const Event& event) {
    {
      const std::lock_guard lock(gate->mutex);
      if (!gate->open) {
        gate->early.push_back(event);
        return;
      }
    }
    stream->on_event(event);
  });
  if (!handle) {
    if (handle.error().code == Errc::gone) return call->fail(too_old(after, kv.revision()).error());
    return call->fail(errors::from(handle.error(), *call->resource, "").error());
  }
  stream->hold(std::move(*handle));

  auto begin = [call, stream, gate, after, terms = *terms, page = std::move(page)] {
    http::Response head;
    head.headers = call->headers();
    call->note(200);
    call->responder->begin(std::move(head));
    call->responder->on_gone([stream] { stream->stop(); });
    stream->start_marks(after);
    if (terms.present) stream->initial(page);
    if (terms.initial_events) stream->initial_end(after);
    {
      // Under the gate's lock: a live event cannot overtake the early ones.
      const std::lock_guard lock(gate->mutex);
      for (const auto& event : gate->early) stream->on_event(event);
      gate->early = {};
      gate->open = true;
    }
    stream->end_after(terms.timeout);
    stream->arm();
  };
  if (!terms->present || !stream->parses()) return begin();
  // Objects have to be parsed: not on the thread that all connections share.
  if (call->api->pool().run(std::move(begin))) return;
  stream->stop();
  call->fail(errors::unavailable("").error());
}

}  // namespace nodal::master::handlers
