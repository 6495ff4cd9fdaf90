/**
 * Which system calls a function may make: a list of what is allowed, everything else is refused with EPERM. Stricter
 * than Docker's default: no ptrace, no reading of other processes' memory, no io_uring, no System V IPC, no 32-bit calls,
 * and sockets only of the families that a function has a use for.
 */

/** By what they are for; names that a machine's kernel or libseccomp does not know are skipped by the OCI runtime. */
const ALLOWED: Readonly<Record<string, string>> = {
  files: `access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
    fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr
    fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init
    inotify_init1 inotify_rm_watch ioctl lchown lgetxattr link linkat listxattr llistxattr lremovexattr lseek lsetxattr
    lstat mkdir mkdirat mknod mknodat newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2
    read readahead readlink readlinkat readv removexattr rename renameat renameat2 rmdir sendfile setxattr splice stat
    statfs statx symlink symlinkat sync sync_file_range syncfs tee truncate umask unlink unlinkat utime utimensat utimes
    vmsplice write writev io_setup io_submit io_getevents io_pgetevents io_cancel io_destroy cachestat`,
  memory: `brk madvise membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap msync munlock
    munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages map_shadow_stack`,
  processes: `arch_prctl capget capset execve execveat exit exit_group fork get_robust_list getpgid getpgrp getpid
    getppid getpriority getrlimit getrusage getsid gettid kill pidfd_open pidfd_send_signal prctl prlimit64
    rseq sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
    sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp
    set_robust_list set_tid_address setpgid setpriority setrlimit setsid tgkill tkill vfork wait4 waitid
    process_mrelease landlock_create_ruleset landlock_add_rule landlock_restrict_self ioprio_get ioprio_set`,
  users: `getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid
    setresgid setresuid setreuid setuid`,
  signals: `alarm getitimer pause restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo setitimer sigaltstack signalfd signalfd4`,
  waiting: `epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 futex futex_waitv
    futex_wait futex_wake futex_requeue poll ppoll pselect6 select pipe pipe2`,
  time: `clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time timer_create timer_delete
    timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times`,
  network: `accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg
    sendmsg sendto setsockopt shutdown socketpair`,
  machine: "getcpu getrandom sysinfo uname",
};

/** Every flag of clone(2) that makes a namespace. */
const CLONE_NAMESPACES = 0x7e02_0000;
const ENOSYS = 38;
const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
/** The only netlink protocol: listing interfaces and routes, which getifaddrs(3) does. */
const NETLINK_ROUTE = 0;

interface Argument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ";
}

interface Rule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly Argument[];
}

export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly Rule[];
}

function equal(index: number, value: number): Argument {
  return { index, value, op: "SCMP_CMP_EQ" };
}

function allow(name: string, ...args: readonly Argument[]): Rule {
  return { names: [name], action: "SCMP_ACT_ALLOW", args };
}

/** The profile, in the shape that an OCI config carries. */
export function seccompProfile(architecture: NodeJS.Architecture = process.arch): SeccompProfile {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    architectures: [architecture === "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64"],
    syscalls: [
      { names: Object.values(ALLOWED).flatMap((names) => names.split(/\s+/)), action: "SCMP_ACT_ALLOW" },
      allow("socket", equal(0, AF.unix)),
      allow("socket", equal(0, AF.inet)),
      allow("socket", equal(0, AF.inet6)),
      allow("socket", equal(0, AF.netlink), equal(2, NETLINK_ROUTE)),
      // PER_LINUX, asking which is set, and switching address randomisation off for debuggers is not among them.
      allow("personality", equal(0, 0)),
      allow("personality", equal(0, 0xffff_ffff)),
      allow("clone", { index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }),
      // Its flags are in memory, where a filter cannot look: as on an old kernel, libraries fall back to clone().
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    ],
  };
}
