/** One attempt to get out of a sandbox, as data: what is tried, and which ends of it are none. */
export interface Escape {
  /** What would be reached. */
  readonly name: string;
  /** Python for attacker.py: each tell(label, action) is one try. */
  readonly tries: string;
  /** What each try may come to: the name of an error, or `done` and what came out. Absent: it is refused. */
  readonly contained?: RegExp;
  /**
   * It asks the kernel for something. Where the sandbox has a kernel of its own that may even succeed: the effect is inside,
   * and what it must not have reached is looked at outside.
   */
  readonly ofKernel?: boolean;
}

/** EINVAL is not among them: it would say that the attempt was made in a wrong way. */
export const REFUSED =
  /^(EPERM|EACCES|EROFS|ENOENT|ENOSYS|ENOTDIR|ENODEV|ENXIO|EXDEV|ELOOP|ENOTSUP|EAFNOSUPPORT|EPROTONOSUPPORT|ESOCKTNOSUPPORT|EADDRNOTAVAIL|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|TIMEOUT)$/;
