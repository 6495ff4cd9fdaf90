/** How many execution environments the owner of a version with a capacity provider asks for. */
export interface FunctionScaling {
  /** environments */
  readonly minimum?: number;
  /** environments */
  readonly maximum?: number;
}

/** A version that may have no environment is deactivated. */
export function isZero(scaling: FunctionScaling | undefined): boolean {
  return scaling?.minimum === 0 && scaling.maximum === 0;
}
