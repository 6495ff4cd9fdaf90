/** Changes that a caller may be refused within a commit that others share. */
import type { GroupCommit } from "../state/group-commit.ts";
import { ServiceError } from "../wire/service-error.ts";

/**
 * Make a change; it is on the disk when the promise resolves. A task that refuses must do so before it writes.
 * @throws ServiceError that the task throws: others that share its commit do not suffer from it
 */
export async function refusableChange<T>(commits: GroupCommit, task: () => T): Promise<T> {
  const outcome = await commits.run((): { value: T } | { refusal: ServiceError } => {
    try {
      return { value: task() };
    } catch (error) {
      if (error instanceof ServiceError) return { refusal: error };
      throw error;
    }
  });
  if ("refusal" in outcome) throw outcome.refusal;
  return outcome.value;
}
