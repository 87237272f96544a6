// master/api/handlers/list.cc — collections: stored bytes joined, pages, tables.
#include <boost/json.hpp>

#include "base/text.h"
#include "master/api/handlers.h"
#include "master/api/page_token.h"
#include "master/api/selection.h"
#include "master/api/table.h"
#include "master/registry/conversion.h"

namespace nodal::master::handlers {
namespace {

std::unexpected<ApiError> bad_option(std::string_view field, std::string_view reason,
                                     std::string message) {
  return errors::invalid("meta.k8s.io", "ListOptions", "",
                         {{std::string(reason), std::string(field), std::move(message)}});
}

// What part of which state is asked for.
struct Range {
  Revision at = 0;
  std::string after;
  std::size_t limit = 0;
};

Answer<Range> range_of(const RequestInfo& info, KvStore& kv, std::string_view prefix) {
  Range out;
  const auto version = info.parameter("resourceVersion");
  const auto match = info.parameter("resourceVersionMatch");
  const auto token = info.parameter("continue");
  if (info.has_parameter("sendInitialEvents"))
    return bad_option("sendInitialEvents", "FieldValueForbidden",
                      "Forbidden: sendInitialEvents is forbidden for list");
  if (const auto limit = info.parameter("limit"); !limit.empty()) {
    const auto number = text::number<std::int64_t>(limit);
    if (!number)
      return errors::bad_request(
          text::cat("invalid limit ", quoted(limit), ": a number is needed"));
    if (*number > 0) out.limit = static_cast<std::size_t>(*number);
  }
  if (!match.empty()) {
    if (version.empty())
      return bad_option(
          "resourceVersionMatch", "FieldValueForbidden",
          "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (!token.empty())
      return bad_option("resourceVersionMatch", "FieldValueForbidden",
                        "Forbidden: resourceVersionMatch is forbidden when continue is provided");
    if (match != "Exact" && match != "NotOlderThan")
      return bad_option("resourceVersionMatch", "FieldValueNotSupported",
                        text::cat("Unsupported value: ", quoted(match),
                                  R"(: supported values: "Exact", "NotOlderThan")"));
    if (match == "Exact" && version == "0")
      return bad_option(
          "resourceVersionMatch", "FieldValueForbidden",
          "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  }
  if (!token.empty()) {
    if (!version.empty() && version != "0")
      return errors::bad_request("specifying resource version is not allowed when using continue");
    auto page = PageToken::parse(token);
    if (!page)
      return errors::bad_request(text::cat("continue key is not valid: ", page.error().message));
    out.at = page->revision;
    out.after = text::cat(prefix, page->after);
    return out;
  }
  const auto revision = NODAL_TRY(asked_revision(info, kv));
  if (revision && match == "Exact") out.at = *revision;
  return out;
}

const http::Chunk& comma() {
  static const http::Chunk chunk = std::make_shared<const std::string>(",");
  return chunk;
}

struct Collected {
  std::vector<Entry> entries;
  Revision revision = 0;
  bool more = false;
  std::uint64_t remaining = 0;
};

// The entries of one page that fit; with a selection it reads on until the page is full.
Answer<Collected> collect(Call& call, const Selection& selection, const Range& range,
                          std::string_view prefix) {
  KvStore& kv = *call.api->parts().kv;
  Collected out;
  if (!selection.only_name().empty() && range.at == 0 && range.after.empty() &&
      (!call.resource->namespaced || !call.info.namespace_.empty())) {
    out.revision = kv.revision();  // before the read: a watch from here misses nothing
    // Other terms may contradict it.
    if (!selection.key_fits(call.info.namespace_, selection.only_name())) return out;
    auto entry = kv.get(text::cat(prefix, selection.only_name()));
    if (entry && (!selection.needs_object() || selection.fits(parse_object(*entry->value))))
      out.entries.push_back(std::move(*entry));
    return out;
  }
  std::string after = range.after;
  Revision at = range.at;
  while (true) {
    auto page =
        kv.list(prefix, at, after, static_cast<int>(std::min<std::size_t>(range.limit, 1u << 30)));
    if (!page && page.error().code == Errc::gone) {
      if (range.after.empty())
        return errors::expired(text::cat("The resourceVersion for the provided list is too old."));
      auto error = errors::expired(
          "The provided continue parameter is too old to display a consistent list result. You can "
          "start a new list "
          "without the continue parameter, or use the continue token in this response to retrieve "
          "the remainder of the "
          "results. Continuing with the provided token results in an inconsistent list - objects "
          "that were created, "
          "modified, or deleted between the time the first chunk was returned and now may show up "
          "in the list.");
      error.error().continue_token = PageToken{0, range.after.substr(prefix.size())}.text();
      return error;
    }
    if (!page) return errors::from(page.error(), *call.resource, "");
    out.revision = page->revision;
    at = page->revision;
    out.more = page->more;
    out.remaining = page->remaining;
    if (!page->entries.empty()) after = page->entries.back().key;
    if (selection.all()) {
      out.entries = std::move(page->entries);
      return out;
    }
    for (auto& entry : page->entries) {
      const std::string_view tail =
          std::string_view(entry.key).substr(key_prefix(call.stored(), "").size());
      const auto slash = tail.find('/');
      const bool named = slash != std::string_view::npos && call.resource->namespaced;
      const auto ns = named ? tail.substr(0, slash) : std::string_view();
      const auto name = named ? tail.substr(slash + 1) : tail;
      if (!selection.key_fits(ns, name)) continue;
      if (selection.needs_object() && !selection.fits(parse_object(*entry.value))) continue;
      out.entries.push_back(std::move(entry));
    }
    if (range.limit > 0 && out.entries.size() > range.limit) {
      out.entries.resize(
          range.limit);  // the page ends here, the rest is read again for the next one
      out.more = true;
    }
    if (!page->more || (range.limit > 0 && out.entries.size() == range.limit)) return out;
  }
}

void answer_list(Call& call, const Selection& selection, const Range& range,
                 std::string_view prefix) {
  auto collected = collect(call, selection, range, prefix);
  if (!collected) return call.fail(collected.error());
  const schema::Resource& resource = *call.resource;
  std::string metadata = text::cat(R"("metadata":{"resourceVersion":")", collected->revision, "\"");
  if (collected->more && !collected->entries.empty()) {
    const PageToken token{collected->revision, collected->entries.back().key.substr(prefix.size())};
    metadata += text::cat(R"(,"continue":")", token.text(), "\"");
    if (selection.all()) metadata += text::cat(R"(,"remainingItemCount":)", collected->remaining);
  }
  metadata += '}';

  if (call.form == Form::table) {
    std::string out =
        text::cat(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1",)", metadata,
                  R"(,"columnDefinitions":)", column_definitions(resource), R"(,"rows":[)");
    const auto include = call.info.parameter("includeObject");
    const auto how = include == "None"     ? IncludeObject::none
                     : include == "Object" ? IncludeObject::object
                                           : IncludeObject::metadata;
    const auto now = call.api->parts().clock->now();
    bool first = true;
    for (const auto& entry : collected->entries) {
      if (!first) out += ',';
      first = false;
      append_row(resource, parse_object(*call.shown(entry.value)), now, how, out);
    }
    out += "]}";
    return call.answer(200, std::move(out));
  }

  http::Response response;
  response.headers = call.headers();
  response.body.reserve(2 * collected->entries.size() + 2);
  response.append(text::cat(call.opening("List"), ",", metadata, R"(,"items":[)"));
  bool first = true;
  for (auto& entry : collected->entries) {
    if (!first) response.body.push_back(comma());
    first = false;
    response.body.push_back(call.shown(entry.value));
  }
  response.append("]}\n");
  call.send(std::move(response));
}

}  // namespace

void list(const CallPtr& call) {
  auto selection = Selection::parse(*call->resource, call->info);
  if (!selection) return call->fail(selection.error());
  const std::string prefix = key_prefix(
      call->stored(), call->resource->namespaced ? call->info.namespace_ : std::string());
  auto range = range_of(call->info, *call->api->parts().kv, prefix);
  if (!range) return call->fail(range.error());
  if (call->form == Form::json && !selection->needs_object() && call->shows_stored())
    return answer_list(*call, *selection, *range, prefix);
  // Objects have to be parsed: not on the thread that all connections share.
  const bool taken = call->api->pool().run(
      [call, prefix, selection = std::move(*selection), range = std::move(*range)] {
        answer_list(*call, selection, range, prefix);
      });
  if (!taken) call->fail(errors::unavailable("").error());
}

}  // namespace nodal::master::handlers
