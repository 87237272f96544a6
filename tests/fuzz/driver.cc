// tests/fuzz/driver.cc — runs a fuzz target on a kept corpus and on mutations of it, with any
// compiler.
//
//   NAME_fuzz CORPUS [--seconds N] [--seed N]
//
// Every file of the folder is tried as it is, then mutated for N seconds. With -fsanitize=fuzzer
// the same targets run under libFuzzer and this file is left out. A crash leaves the input in
// ./crash-NAME.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMaxInput = 64 * 1024;

std::string input;       // what the target works on, for the crash report
std::string crash_path;  // where the report goes

extern "C" void report_crash(int signal) {
  const int fd = ::open(crash_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0 && ::write(fd, input.data(), input.size()) < 0) ::_exit(99);
  constexpr std::string_view told = "fuzz: crashed; the input was kept\n";
  if (::write(STDERR_FILENO, told.data(), told.size()) < 0) ::_exit(99);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void run(std::string bytes) {
  input = std::move(bytes);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// One to eight random changes: bits, bytes, runs removed, doubled or taken from another input.
std::string mutated(const std::vector<std::string>& corpus, std::mt19937_64& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  std::string out = corpus[below(corpus.size())];
  for (auto changes = 1 + below(8); changes > 0; --changes) {
    const auto at = below(out.size() + 1);
    const auto length = below(std::min<std::size_t>(out.size() - at, 64) + 1);
    switch (below(7)) {
      case 0:
        if (at < out.size()) out[at] = static_cast<char>(out[at] ^ (1 << below(8)));
        break;
      case 1:
        if (at < out.size()) out[at] = static_cast<char>(random());
        break;
      case 2:
        out.insert(at, 1, static_cast<char>(random()));
        break;
      case 3:
        out.erase(at, length);
        break;
      case 4:
        out.insert(at, out.substr(at, length));
        break;
      case 5: {
        const auto& other = corpus[below(corpus.size())];
        const auto from = below(other.size() + 1);
        out.insert(at, other.substr(from, below(64)));
        break;
      }
      default: {
        constexpr std::string_view edges[] = {"\xff\xff\xff\xff",
                                              std::string_view("\0\0\0\0", 4),
                                              "\x7f",
                                              "-1",
                                              "9223372036854775808",
                                              "{",
                                              "[",
                                              "\"",
                                              "\\u0000",
                                              "\xc3\x28"};
        out.insert(at, edges[below(std::size(edges))]);
      }
    }
  }
  if (out.size() > kMaxInput) out.resize(kMaxInput);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  double seconds = 3;
  std::uint64_t seed = std::random_device()();
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      folder = argument;
    }
  }
  const std::string program = std::filesystem::path(argv[0]).filename();
  crash_path = "crash-" + program;
  std::vector<std::string> corpus;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no corpus in \"%s\"\n", program.c_str(), folder.c_str());
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    ::signal(signal, report_crash);

  for (const auto& kept : corpus) run(kept);
  std::mt19937_64 random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t runs = corpus.size();
  for (; std::chrono::steady_clock::now() < end; ++runs) run(mutated(corpus, random));
  std::printf("%s: %llu inputs, %zu kept, seed %llu\n", program.c_str(),
              static_cast<unsigned long long>(runs), corpus.size(),
              static_cast<unsigned long long>(seed));
  return 0;
}
