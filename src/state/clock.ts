/** Time, as something that is handed in, and the ways in which AWS writes it. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** `2024-05-01T12:34:56.000+0000`: LastModified of functions, layers and code signing configurations. */
export function offsetTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+0000");
}

/** `2024-05-01T12:34:56.123000Z`: times of function URL configurations. */
export function microsecondTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
