/** In which part of its life an environment is (contract/01 §1), for whoever looks on. */

/**
 * `idle` is warm and not frozen yet; in `down` no process runs, and the next invocation starts them again, as after a
 * timeout or a crash.
 */
export type EnvironmentState = "init" | "invoke" | "idle" | "frozen" | "down" | "shutdown";
