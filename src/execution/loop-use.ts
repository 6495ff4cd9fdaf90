/** How busy the region's own thread is. */
import { performance } from "node:perf_hooks";

/** Share of its time in which the event loop works rather than waits, from which on it is full. */
export const FULL_LOOP = 0.85;

/** @returns answers the share of the event loop that was in use since it was last asked, 0..1 */
export function loopUse(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
