// nodectl/commands/get.cc — get: objects as the server's tables, as documents or by a template.
#include <boost/json/object.hpp>
#include <cstdio>

#include "api-client/codec/codec.h"
#include "base/text.h"
#include "nodectl/commands.h"
#include "nodectl/document.h"
#include "nodectl/print/format.h"
#include "nodectl/print/table.h"
#include "nodectl/requests.h"
#include "nodectl/selection.h"

namespace nodal::nodectl {
namespace {

namespace json = boost::json;

struct Options {
  Selection selection;
  std::string output, sort_by, raw, subresource;
  std::vector<std::string> label_columns;
  bool watch = false, watch_only = false, no_headers = false, show_labels = false,
       ignore_not_found = false, show_kind = false;
  std::optional<std::int64_t> chunk_size;
};

// What is asked for of one kind: a list, or some objects by name.
struct Question {
  ResourceKind kind;
  std::string list;                ///< the list's path, with its selectors
  std::vector<std::string> paths;  ///< of the objects by name; empty: the list
  std::string only;                ///< the one name
  bool everywhere = false;
};

class Get {
 public:
  /// @param bad  what is wrong before anything is asked
  Get(Session& session, const Options& options, Format format, std::vector<Error> bad)
      : session_(session),
        options_(options),
        format_(std::move(format)),
        errors_(std::move(bad)),
        failed_(!errors_.empty()) {}

  Result<int> run(const std::vector<Question>& questions) {
    many_kinds_ = questions.size() > 1;
    for (const auto& question : questions)
      NODAL_TRY(format_.is_table() ? table(question) : documents(question));
    if (!format_.is_table() && !questions.empty()) NODAL_TRY(print_documents(questions));
    report_errors();
    if (!any_ && !failed_ && !options_.ignore_not_found && !options_.watch &&
        !options_.watch_only && format_.is_table())
      std::fputs(nothing_found(session_.cluster, everywhere(questions)).c_str(), stderr);
    return failed_ ? 1 : 0;
  }

 private:
  static bool everywhere(const std::vector<Question>& questions) {
    return std::ranges::any_of(questions,
                               [](const auto& q) { return q.everywhere || !q.kind.namespaced; });
  }

  // The answers; what is not there is told and leaves the others.
  Result<std::vector<json::value>> answers(const Question& question, const char* accept) {
    std::vector<json::value> out;
    auto paths = question.paths;
    if (paths.empty()) paths.push_back(question.list);
    for (auto path : paths) {
      if (format_.is_table() && !options_.sort_by.empty())
        path = with_query(path, "includeObject", "Object");
      auto answer = ask(session_.cluster, {.path = path, .accept = accept});
      if (answer) {
        out.push_back(std::move(*answer));
      } else if (answer.error().code != Errc::not_found) {
        return std::unexpected(answer.error());
      } else if (!options_.ignore_not_found) {
        report_later(answer.error());
      }
    }
    return out;
  }
  void report_later(const Error& error) {
    failed_ = true;
    std::fflush(stdout);
    errors_.push_back(error);
  }
  void report_errors() {
    std::fflush(stdout);
    for (const auto& error : errors_) report_now(error);
    errors_.clear();
  }

  Result<> table(const Question& question) {
    TablePrinter printer(
        {.wide = format_.kind == Format::Kind::wide,
         .with_namespace = question.everywhere,
         .headings = !options_.no_headers,
         .show_labels = options_.show_labels,
         .label_columns = options_.label_columns,
         .name_prefix = many_kinds_ || options_.show_kind ? question.kind.printed() + "/" : ""});
    std::string revision;
    for (const auto& answer : NODAL_TRY(answers(question, kTable))) {
      printer.add(answer);
      revision = revision_of(answer);
    }
    if (!options_.sort_by.empty()) NODAL_TRY(printer.sort(options_.sort_by));
    if (!options_.watch_only && !printer.empty()) {
      if (any_ && many_kinds_ && !options_.no_headers) std::fputs("\n", stdout);
      any_ = true;
      std::fputs(printer.text().c_str(), stdout);
    }
    report_errors();
    if (!watches() || failed_) return {};
    printer.drop_rows();  // with --watch-only; the heading stays for the first row that comes
    return watch(question, revision, kTable, [&](const json::value& object) -> Result<> {
      printer.add(object);
      std::fputs(printer.text().c_str(), stdout);
      std::fflush(stdout);
      return {};
    });
  }

  Result<> documents(const Question& question) {
    std::string revision;
    for (auto& answer : NODAL_TRY(answers(question, "application/json"))) {
      revision = text_at(answer, "metadata.resourceVersion");
      if (!question.paths.empty()) {
        documents_.push_back(std::move(answer));
        continue;
      }
      for (const auto& item : list_at(answer, "items")) {
        json::value whole = item;
        whole.get_object().insert(
            {{"kind", question.kind.kind}, {"apiVersion", question.kind.api_version()}});
        documents_.push_back(std::move(whole));
      }
    }
    report_errors();
    if (!watches()) return {};
    bool headings = !options_.no_headers;
    const auto print = [&](const json::value& object) -> Result<> {
      const auto text = NODAL_TRY(print_object(format_, session_.resources, object, headings));
      headings = false;
      std::fputs(
          text::cat(format_.kind == Format::Kind::yaml ? "---\n" : "", for_output(text)).c_str(),
          stdout);
      std::fflush(stdout);
      return {};
    };
    if (!options_.watch_only)
      for (const auto& document : documents_) NODAL_TRY(print(document));
    documents_.clear();
    return watch(question, revision, "application/json", print);
  }

  Result<> print_documents(const std::vector<Question>& questions) {
    if (watches()) return {};
    const bool single = questions.size() == 1 && !questions[0].only.empty();
    if (single && documents_.empty()) return {};
    any_ = !documents_.empty();
    if (!options_.sort_by.empty()) {
      std::vector<const json::value*> sorted;
      for (const auto& document : documents_) sorted.push_back(&document);
      NODAL_TRY(sort_objects(sorted, options_.sort_by));
      json::array in_order;
      for (const auto* document : sorted) in_order.push_back(*document);
      documents_ = std::move(in_order);
    }
    const auto text =
        NODAL_TRY(print_object(format_, session_.resources,
                               single ? documents_[0] : list_of(documents_), !options_.no_headers));
    std::fputs(for_output(text).c_str(), stdout);
    return {};
  }

  [[nodiscard]] bool watches() const { return options_.watch || options_.watch_only; }

  static std::string revision_of(const json::value& table) {
    auto revision = text_at(table, "metadata.resourceVersion");
    const auto& rows = list_at(table, "rows");
    if (revision.empty() && rows.size() == 1)
      revision = text_at(rows[0], "object.metadata.resourceVersion");
    return revision;
  }

  // The changes after `revision`, until the server ends the watch.
  Result<> watch(const Question& question, const std::string& revision, const char* accept,
                 const std::function<Result<>(const json::value&)>& print) {
    if (many_kinds_ || question.paths.size() > 1)
      return fail(Errc::invalid,
                  "you may only specify a single resource type, or one name of it, to watch");
    auto path = question.list;
    if (!question.only.empty())
      path = with_query(path, "fieldSelector", text::cat("metadata.name=", question.only));
    path = with_query(with_query(path, "watch", "true"), "resourceVersion", revision);
    std::fflush(stdout);
    Result<> outcome;
    NODAL_TRY(ask_events(session_.cluster, {.path = path, .accept = accept},
                         [&](const std::string&, const json::value& object) {
                           outcome = print(object);
                           return outcome.has_value();
                         }));
    return outcome;
  }

  Session& session_;
  const Options& options_;
  const Format format_;
  json::array documents_;
  std::vector<Error> errors_;
  bool failed_, many_kinds_ = false, any_ = false;
};

Question question_of(const Session& session, const Options& options, const ResourceKind& kind) {
  const auto& selection = options.selection;
  Question out{.kind = kind, .everywhere = selection.all_namespaces && kind.namespaced};
  out.list = kind.path(out.everywhere ? "" : session.cluster.ns);
  out.list = with_query(out.list, "labelSelector", selection.selector);
  out.list = with_query(out.list, "fieldSelector", selection.field_selector);
  return out;
}

// @param bad  what in files is no object
Result<std::vector<Question>> questions_of(Session& session, const Globals& globals,
                                           const Options& options, std::vector<Error>& bad) {
  std::vector<Question> out;
  const auto under = options.subresource.empty() ? "" : text::cat("/", options.subresource);
  if (!options.selection.files.empty()) {
    auto chosen = NODAL_TRY(choose(session, globals, options.selection));
    bad = std::move(chosen.bad);
    for (const auto& target : chosen.targets) {
      auto* same =
          out.empty() || out.back().kind.plural != target.kind.plural ? nullptr : &out.back();
      if (same == nullptr) same = &out.emplace_back(question_of(session, options, target.kind));
      same->paths.push_back(target.path() + under);
      same->only = same->paths.size() == 1 ? target.name : "";
    }
    return out;
  }
  for (const auto& [kind, names] :
       NODAL_TRY(parse_what(session.resources, options.selection.what))) {
    auto question = question_of(session, options, kind);
    for (const auto& name : names)
      question.paths.push_back(kind.path(session.cluster.ns, name) + under);
    if (!names.empty() && options.selection.all_namespaces)
      return fail(Errc::invalid, "a resource cannot be retrieved by name across all namespaces");
    if (names.size() == 1) question.only = names[0];
    if (!names.empty() && !options.selection.selector.empty())
      return fail(Errc::invalid, "name cannot be provided when a selector is specified");
    out.push_back(std::move(question));
  }
  return out;
}

Result<int> get(const Globals& globals, const Options& options) {
  auto format = NODAL_TRY(parse_format(options.output));
  auto session = NODAL_TRY(open_session(globals));
  if (!options.raw.empty()) {
    std::fputs(NODAL_TRY(ask_text(session.cluster, {.path = options.raw})).c_str(), stdout);
    return 0;
  }
  std::vector<Error> bad;
  const auto questions = NODAL_TRY(questions_of(session, globals, options, bad));
  return Get(session, options, std::move(format), std::move(bad)).run(questions);
}

}  // namespace

Command get_command(const Globals& globals) {
  const auto o = std::make_shared<Options>();
  Command out{
      .name = "get",
      .help = "Show objects",
      .usage = "TYPE[,TYPE…] [NAME …] | TYPE/NAME …",
      .group = kLookGroup,
      .flags =
          {{.names = "-o,--output",
            .value = "FORMAT",
            .help = "wide, json, yaml, name, jsonpath=TEMPLATE, jsonpath-file=FILE, "
                    "custom-columns=HEADING:PATH,…, custom-columns-file=FILE",
            .target = &o->output,
            .offer = Offer::words,
            .words = kFormats},
           selector_flag(o->selection),
           {.names = "--field-selector",
            .value = "FIELDS",
            .help = "Only what has these fields: status.phase=Running",
            .target = &o->selection.field_selector},
           namespaces_flag(o->selection),
           {.names = "-w,--watch", .help = "Go on with changes", .target = &o->watch},
           {.names = "--watch-only", .help = "Only changes", .target = &o->watch_only},
           {.names = "-L,--label-columns",
            .value = "LABEL",
            .help = "A column for a label; may be given again",
            .target = &o->label_columns},
           {.names = "--show-labels", .help = "A column for all labels", .target = &o->show_labels},
           {.names = "--show-kind", .help = "The type before each name", .target = &o->show_kind},
           {.names = "--sort-by",
            .value = "PATH",
            .help = "Sorted by a field: .metadata.creationTimestamp",
            .target = &o->sort_by},
           {.names = "--no-headers", .help = "Without the head line", .target = &o->no_headers},
           {.names = "--ignore-not-found",
            .help = "What is not there is no error",
            .target = &o->ignore_not_found},
           {.names = "--subresource",
            .value = "NAME",
            .help = "status or scale of the objects",
            .target = &o->subresource,
            .offer = Offer::words,
            .words = "status scale"},
           {.names = "--chunk-size",
            .value = "NUMBER",
            .help = "Taken for kubectl's sake: lists come whole",
            .target = &o->chunk_size},
           {.names = "--raw",
            .value = "PATH",
            .help = "What the server answers to a path",
            .target = &o->raw}},
      .args = &o->selection.what,
      .offer = Offer::objects,
      .examples = {"nodectl get pods -o wide", "nodectl get deployment/web -o yaml",
                   "nodectl get pods -l app=web -w",
                   "nodectl get pods -o jsonpath='{.items[*].metadata.name}'"},
      .run = [o, &globals]() -> Result<int> {
        std::vector<std::string> labels;
        for (const auto& item : o->label_columns)
          for (const auto label : text::split(item, ',')) labels.emplace_back(label);
        o->label_columns = std::move(labels);
        return get(globals, *o);
      }};
  for (auto& flag : file_flags(o->selection)) out.flags.push_back(std::move(flag));
  return out;
}

}  // namespace nodal::nodectl
