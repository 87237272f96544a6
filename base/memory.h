// base/memory.h — a daemon's use of memory.
#pragma once

namespace nodal {

/// Caps malloc's arenas and gives freed memory back early: our daemons have many mostly idle
/// threads. Call first in main.
void tune_memory();

/// Gives back what a piece of work took that is not repeated soon: freed memory, and the pages of
/// the program and its libraries. Of these the kernel keeps in the process whatever it ever ran and
/// what lies beside it; those that are needed again come from the page cache when they are.
void give_back_memory();

}  // namespace nodal
