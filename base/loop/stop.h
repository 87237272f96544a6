// base/loop/stop.h — SIGTERM and SIGINT as a stop_token.
#pragma once

#include <stop_token>

namespace nodal {

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and all threads it starts later; ignores
/// SIGPIPE. Call first in main, before any thread exists.
void block_signals();

/// Waits until SIGTERM or SIGINT arrives, then requests the stop. SIGHUP is ignored.
/// Thread: main.
void wait_for_stop_signal(std::stop_source& stop);

/// Caps malloc's arenas and gives freed memory back early: our daemons have many mostly idle
/// threads.
void tune_memory();

/// Names the calling thread (15 characters at most reach the kernel).
void name_thread(const char* name);

}  // namespace nodal
