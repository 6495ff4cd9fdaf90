/** What each process in a sandbox may take: setrlimit(2). As an OCI configuration says it. */
const MB = 1024 * 1024;

const RLIMITS = {
  RLIMIT_NOFILE: 1024,
  RLIMIT_NPROC: 1024,
  RLIMIT_CORE: 0,
  RLIMIT_STACK: 8 * MB,
  RLIMIT_MEMLOCK: 65536,
};

export const OCI_RLIMITS: readonly object[] = Object.entries(RLIMITS).map(([type, value]) => ({
  type,
  soft: value,
  hard: value,
}));
