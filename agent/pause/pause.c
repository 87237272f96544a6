/* agent/pause/pause.c — the process that holds a pod's namespaces open: it reaps orphans and leaves
 * at SIGTERM.
 *
 * No libc: three system calls are all it needs, and a static program of a few KiB is all its image
 * holds. Signals are blocked and taken one by one, because the default action of a signal is not
 * carried out for pid 1.
 */
#if defined(__x86_64__)
enum { SYS_wait4 = 61, SYS_rt_sigprocmask = 14, SYS_rt_sigtimedwait = 128, SYS_exit_group = 231 };

static long call(long number, long a, long b, long c, long d) {
  long answer;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(answer)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return answer;
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall pause_main\n\thlt\n");
#elif defined(__aarch64__)
enum { SYS_wait4 = 260, SYS_rt_sigprocmask = 135, SYS_rt_sigtimedwait = 137, SYS_exit_group = 94 };

static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n\tbl pause_main\n\tbrk 0\n");
#else
#error "pause.c knows the system calls of x86_64 and aarch64 only"
#endif

enum { SIG_BLOCK = 0, SIGINT = 2, SIGTERM = 15, SIGCHLD = 17, WNOHANG = 1 };

__attribute__((used, noreturn)) void pause_main(void) {
  /* One word is the kernel's whole signal set on both machines. */
  const unsigned long set = 1UL << (SIGINT - 1) | 1UL << (SIGTERM - 1) | 1UL << (SIGCHLD - 1);

  call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, 0, sizeof set);
  for (;;) {
    const long signal = call(SYS_rt_sigtimedwait, (long)&set, 0, 0, sizeof set);

    if (signal == SIGTERM || signal == SIGINT) break;
    while (call(SYS_wait4, -1, 0, WNOHANG, 0) > 0)
      ;
  }
  for (;;) call(SYS_exit_group, 0, 0, 0, 0);
}
