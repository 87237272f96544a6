// proxy/dns/message.cc — see message.h.
#include "proxy/dns/message.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace nodal::proxy::dns {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kMostRecords = 512;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Errc::invalid, text::cat("DNS message: ", what));
}

// The first label of a name, its escapes undone, 63 bytes at most; the name goes on behind it.
std::string take_label(std::string_view& name) {
  std::string label;
  std::size_t i = 0;
  for (; i < name.size() && name[i] != '.'; ++i) {
    if (name[i] == '\\' && i + 3 < name.size()) {
      label += static_cast<char>((name[i + 1] - '0') * 100 + (name[i + 2] - '0') * 10 +
                                 (name[i + 3] - '0'));
      i += 3;
    } else {
      label += name[i];
    }
  }
  label.resize(std::min<std::size_t>(label.size(), 63));
  name.remove_prefix(std::min(i + 1, name.size()));
  return label;
}

class Reader {
 public:
  explicit Reader(std::string_view wire) : wire_(wire) {}

  Result<std::uint8_t> u8() {
    if (at_ >= wire_.size()) return malformed("cut off");
    return static_cast<std::uint8_t>(wire_[at_++]);
  }
  Result<std::uint16_t> u16() {
    const auto high = NODAL_TRY(u8());
    const auto low = NODAL_TRY(u8());
    return static_cast<std::uint16_t>(high << 8 | low);
  }
  Result<std::uint32_t> u32() {
    const auto high = NODAL_TRY(u16());
    const auto low = NODAL_TRY(u16());
    return std::uint32_t{high} << 16 | low;
  }
  Result<std::string_view> bytes(std::size_t count) {
    if (wire_.size() - at_ < count) return malformed("cut off");
    const auto out = wire_.substr(at_, count);
    at_ += count;
    return out;
  }
  // A pointer must lead before the name it is part of, so reading always ends.
  Result<Name> name() { return text::lower(NODAL_TRY(name_as_it_is())); }
  Result<Name> name_as_it_is() {
    Name out;
    std::size_t length = 0;
    std::size_t at = at_;
    std::size_t limit = at_;
    bool jumped = false;
    for (;;) {
      if (at >= wire_.size()) return malformed("a name is cut off");
      const auto size = static_cast<std::uint8_t>(wire_[at]);
      if (size == 0) {
        if (!jumped) at_ = at + 1;
        return out;
      }
      if ((size & 0xc0) == 0xc0) {
        if (at + 1 >= wire_.size()) return malformed("a name is cut off");
        const std::size_t target = (size & 0x3fu) << 8 | static_cast<std::uint8_t>(wire_[at + 1]);
        if (!jumped) at_ = at + 2;
        jumped = true;
        if (target >= limit) return malformed("a name points forward");
        limit = target;
        at = target;
        continue;
      }
      if ((size & 0xc0) != 0) return malformed("a label of an unknown kind");
      if (wire_.size() - at - 1 < size) return malformed("a name is cut off");
      length += size + 1u;
      if (length > kLongestName) return malformed("a name is too long");
      if (!out.empty()) out += '.';
      for (const char c : wire_.substr(at + 1, size)) {
        const auto u = static_cast<unsigned char>(c);
        if (c == '.' || c == '\\' || u <= 0x20 || u >= 0x7f) {
          out += '\\';
          out += static_cast<char>('0' + u / 100);
          out += static_cast<char>('0' + u / 10 % 10);
          out += static_cast<char>('0' + u % 10);
        } else {
          out += c;
        }
      }
      at += size + 1u;
    }
  }
  [[nodiscard]] std::size_t at() const { return at_; }
  void seek(std::size_t at) { at_ = at; }

 private:
  std::string_view wire_;
  std::size_t at_ = 0;
};

struct Header {
  std::uint16_t id = 0, flags = 0, questions = 0, answers = 0, authorities = 0, additionals = 0;
};

Result<Header> read_header(Reader& reader) {
  Header h;
  h.id = NODAL_TRY(reader.u16());
  h.flags = NODAL_TRY(reader.u16());
  h.questions = NODAL_TRY(reader.u16());
  h.answers = NODAL_TRY(reader.u16());
  h.authorities = NODAL_TRY(reader.u16());
  h.additionals = NODAL_TRY(reader.u16());
  return h;
}

Result<Question> read_question(Reader& reader) {
  Question q;
  q.name = NODAL_TRY(reader.name());
  q.type = NODAL_TRY(reader.u16());
  q.klass = NODAL_TRY(reader.u16());
  return q;
}

// Types whose data is some bytes and then names, which their senders may compress: they are carried
// with the names written out, since their bytes mean nothing in another message.
// @source RFC 3597 §4
struct NamesInData {
  std::uint16_t type;
  std::uint8_t bytes, names;
};
constexpr NamesInData kNamesInData[] = {{7, 0, 1},  {8, 0, 1},  {9, 0, 1},  {14, 0, 2}, {15, 2, 1},
                                        {17, 0, 2}, {18, 2, 1}, {21, 2, 1}, {26, 2, 2}, {36, 2, 1}};

// The labels of a name, uncompressed.
void append_name(std::string& out, std::string_view name) {
  for (; !name.empty();) {
    const auto label = take_label(name);
    if (label.empty()) continue;
    out += static_cast<char>(label.size());
    out += label;
  }
  out += '\0';
}

struct WireRecord {
  Record record;
  std::uint16_t klass = 0;
};

Result<WireRecord> read_record(Reader& reader) {
  WireRecord out;
  Record& r = out.record;
  r.name = NODAL_TRY(reader.name());
  r.type = NODAL_TRY(reader.u16());
  out.klass = NODAL_TRY(reader.u16());
  r.ttl = NODAL_TRY(reader.u32());
  if (r.type != kOpt && r.ttl > 0x7fffffff) r.ttl = 0;  // RFC 2181 §8
  const std::size_t size = NODAL_TRY(reader.u16());
  const std::size_t start = reader.at();
  const auto bytes = NODAL_TRY(reader.bytes(size));
  reader.seek(start);
  switch (r.type) {
    case kA:
      if (size != 4) return malformed("an A record of another size than 4");
      r.data = net::IpAddress::v4(NODAL_TRY(reader.u32()));
      break;
    case kAaaa: {
      if (size != 16) return malformed("an AAAA record of another size than 16");
      std::array<std::uint8_t, 16> raw{};
      std::copy(bytes.begin(), bytes.end(), raw.begin());
      r.data = net::IpAddress::v6(raw);
      break;
    }
    case kCname:
    case kNs:
    case kPtr:
      r.data = NameData{NODAL_TRY(reader.name())};
      break;
    case kSrv: {
      Srv srv;
      srv.priority = NODAL_TRY(reader.u16());
      srv.weight = NODAL_TRY(reader.u16());
      srv.port = NODAL_TRY(reader.u16());
      srv.target = NODAL_TRY(reader.name());
      r.data = std::move(srv);
      break;
    }
    case kSoa: {
      Soa soa;
      soa.primary = NODAL_TRY(reader.name());
      soa.mailbox = NODAL_TRY(reader.name());
      soa.serial = NODAL_TRY(reader.u32());
      soa.refresh = NODAL_TRY(reader.u32());
      soa.retry = NODAL_TRY(reader.u32());
      soa.expire = NODAL_TRY(reader.u32());
      soa.minimum = NODAL_TRY(reader.u32());
      r.data = std::move(soa);
      break;
    }
    default: {
      RawData raw;
      if (const auto* with = std::ranges::find(kNamesInData, r.type, &NamesInData::type);
          with != std::end(kNamesInData)) {
        raw.bytes = NODAL_TRY(reader.bytes(with->bytes));
        for (int i = 0; i < with->names; ++i) append_name(raw.bytes, NODAL_TRY(reader.name()));
      } else {
        raw.bytes = bytes;
      }
      r.data = std::move(raw);
      break;
    }
  }
  if (reader.at() > start + size) return malformed("a record longer than it says");
  reader.seek(start + size);
  return out;
}

class Writer {
 public:
  void u8(unsigned v) { out_ += static_cast<char>(v); }
  void u16(unsigned v) {
    u8(v >> 8);
    u8(v);
  }
  void u32(std::uint32_t v) {
    u16(v >> 16);
    u16(v & 0xffff);
  }
  void bytes(std::string_view v) { out_ += v; }
  void name(std::string_view name, bool compress) {
    while (!name.empty()) {
      if (name.front() == '.') {  // an empty label would end the name too early
        name.remove_prefix(1);
        continue;
      }
      const auto known = offsets_.find(text::lower(name));
      if (compress && known != offsets_.end()) {
        u16(0xc000u | known->second);
        return;
      }
      if (out_.size() < 0x3fff)
        offsets_.emplace(text::lower(name), static_cast<std::uint16_t>(out_.size()));
      const auto label = take_label(name);
      u8(static_cast<unsigned>(label.size()));
      bytes(label);
    }
    u8(0);
  }
  void record(const Record& r) {
    name(r.name, true);
    u16(r.type);
    u16(kClassIn);
    u32(r.ttl);
    const std::size_t length_at = out_.size();
    u16(0);
    std::visit(
        [this](const auto& data) {
          using T = std::decay_t<decltype(data)>;
          if constexpr (std::is_same_v<T, net::IpAddress>) {
            bytes({reinterpret_cast<const char*>(data.bytes().data()), data.size()});
          } else if constexpr (std::is_same_v<T, NameData>) {
            name(data.name, true);
          } else if constexpr (std::is_same_v<T, Srv>) {
            u16(data.priority);
            u16(data.weight);
            u16(data.port);
            name(data.target, false);  // RFC 2782: never compressed
          } else if constexpr (std::is_same_v<T, Soa>) {
            name(data.primary, true);
            name(data.mailbox, true);
            for (const auto v : {data.serial, data.refresh, data.retry, data.expire, data.minimum})
              u32(v);
          } else if constexpr (std::is_same_v<T, TextData>) {
            for (std::string_view rest = data.text;;) {
              const auto part = rest.substr(0, 255);
              u8(static_cast<unsigned>(part.size()));
              bytes(part);
              rest.remove_prefix(part.size());
              if (rest.empty()) break;
            }
          } else {
            bytes(data.bytes);
          }
        },
        r.data);
    const std::size_t size = out_.size() - length_at - 2;
    out_[length_at] = static_cast<char>(size >> 8);
    out_[length_at + 1] = static_cast<char>(size);
  }
  void patch16(std::size_t at, unsigned v) {
    out_[at] = static_cast<char>(v >> 8);
    out_[at + 1] = static_cast<char>(v);
  }
  void cut(std::size_t size) {
    out_.resize(size);
    std::erase_if(offsets_, [&](const auto& entry) { return entry.second >= size; });
  }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::map<std::string, std::uint16_t> offsets_;
};

constexpr std::size_t kOptSize = 11;

void write_opt(Writer& writer, unsigned rcode = 0) {
  writer.u8(0);
  writer.u16(kOpt);
  writer.u16(kEdnsUdp);
  writer.u32(rcode >> 4 << 24);
  writer.u16(0);
}

}  // namespace

Name normalize(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return text::lower(name);
}

std::optional<std::uint16_t> query_id(std::string_view wire) {
  if (wire.size() < kHeader || (static_cast<unsigned char>(wire[2]) & 0x80) != 0)
    return std::nullopt;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(wire[0]) << 8 |
                                    static_cast<unsigned char>(wire[1]));
}

Result<Query> parse_query(std::string_view wire) {
  Reader reader(wire);
  const Header h = NODAL_TRY(read_header(reader));
  if ((h.flags & 0x8000) != 0) return malformed("an answer where a query was expected");
  if ((h.flags >> 11 & 15) != 0) return fail(Errc::forbidden, "DNS message: not a standard query");
  if (h.questions != 1) return malformed("not exactly one question");
  Query query;
  query.id = h.id;
  query.recursion_desired = (h.flags & 0x0100) != 0;
  const std::size_t name_at = reader.at();
  query.asked = NODAL_TRY(reader.name_as_it_is());
  reader.seek(name_at);
  query.question = NODAL_TRY(read_question(reader));
  const std::size_t records = std::size_t{h.answers} + h.authorities + h.additionals;
  if (records > 16) return malformed("a query with many records");
  for (std::size_t i = 0; i < records; ++i) {
    const auto record = NODAL_TRY(read_record(reader));
    if (record.record.type != kOpt) continue;
    if (query.edns_size) return malformed("two OPT records");
    query.edns_size = std::max<std::size_t>(record.klass, kPlainUdp);
    query.edns_version = static_cast<std::uint8_t>(record.record.ttl >> 16);
  }
  return query;
}

Result<Message> parse_answer(std::string_view wire, std::uint16_t id, const Question& question) {
  Reader reader(wire);
  const Header h = NODAL_TRY(read_header(reader));
  if ((h.flags & 0x8000) == 0 || h.id != id) return malformed("not the answer to our query");
  if (h.questions != 1) return malformed("not exactly one question");
  if (NODAL_TRY(read_question(reader)) != question)
    return malformed("the answer to another question");
  if (std::size_t{h.answers} + h.authorities + h.additionals > kMostRecords)
    return malformed("too many records");
  Message message;
  message.rcode = static_cast<Rcode>(h.flags & 15);
  message.truncated = (h.flags & 0x0200) != 0;
  const auto read_section = [&](std::size_t count, std::vector<Record>& section) -> Result<> {
    for (std::size_t i = 0; i < count; ++i) {
      auto record = NODAL_TRY(read_record(reader));
      if (record.klass == kClassIn && record.record.type != kOpt)
        section.push_back(std::move(record.record));
    }
    return {};
  };
  if (message.truncated) return message;  // what follows may be cut off anywhere
  NODAL_TRY(read_section(h.answers, message.answers));
  NODAL_TRY(read_section(h.authorities, message.authorities));
  NODAL_TRY(read_section(h.additionals, message.additionals));
  return message;
}

std::string encode_answer(const Query& query, const Message& message, std::size_t limit) {
  Writer writer;
  const auto rcode = static_cast<unsigned>(message.rcode);
  unsigned flags = 0x8080u | (rcode & 15);
  if (query.recursion_desired) flags |= 0x0100;
  if (message.authoritative) flags |= 0x0400;
  if (message.truncated) flags |= 0x0200;
  writer.u16(query.id);
  writer.u16(flags);
  writer.u16(1);
  for (int i = 0; i < 3; ++i) writer.u16(0);
  writer.name(query.asked, true);
  writer.u16(query.question.type);
  writer.u16(query.question.klass);

  const std::size_t room = limit - (query.edns_size ? kOptSize : 0);
  bool cut = false;
  const auto write_section = [&](const std::vector<Record>& section, std::size_t count_at,
                                 bool needed) {
    unsigned count = 0;
    for (const auto& record : section) {
      if (cut) break;
      const std::size_t before = writer.size();
      writer.record(record);
      if (writer.size() > room) {
        writer.cut(before);
        cut = true;
        if (needed) flags |= 0x0200;
        break;
      }
      ++count;
    }
    writer.patch16(count_at, count);
    return count;
  };
  write_section(message.answers, 6, true);
  write_section(message.authorities, 8, true);
  unsigned additionals = write_section(message.additionals, 10, false);
  if (query.edns_size) {
    write_opt(writer, rcode);
    writer.patch16(10, ++additionals);
  }
  writer.patch16(2, flags);
  return writer.take();
}

std::string encode_error(std::uint16_t id, Rcode rcode) {
  Writer writer;
  writer.u16(id);
  writer.u16(0x8080u | static_cast<unsigned>(rcode));
  for (int i = 0; i < 4; ++i) writer.u16(0);
  return writer.take();
}

std::string encode_query(std::uint16_t id, const Question& question) {
  Writer writer;
  writer.u16(id);
  writer.u16(0x0100);
  writer.u16(1);
  writer.u16(0);
  writer.u16(0);
  writer.u16(1);
  writer.name(question.name, false);
  writer.u16(question.type);
  writer.u16(question.klass);
  write_opt(writer);
  return writer.take();
}

}  // namespace nodal::proxy::dns
