/** The quota of an account for the code that it keeps: that of all versions of functions and of layers, zipped. */
import type { ManagementContext } from "./lambda-api.ts";

/** bytes; recorded from an account with the default quota (contract/06 §1) */
export const CODE_STORAGE_BYTES = 80_530_636_800;

export type CodeKeepers = Pick<ManagementContext, "catalog" | "layers" | "fail">;

/** bytes that the account's code takes */
export async function usedCodeStorage({ catalog, layers }: Omit<CodeKeepers, "fail">): Promise<number> {
  const [{ totalCodeSize }, layersSize] = await Promise.all([catalog.listing.usage(), layers.totalCodeSize()]);
  return totalCodeSize + layersSize;
}

/**
 * @param bytes that are to be added; what takes none is always allowed
 * @throws CodeStorageExceededException
 */
export async function checkCodeStorage(keepers: CodeKeepers, bytes: number): Promise<void> {
  if (bytes <= 0) return;
  if ((await usedCodeStorage(keepers)) + bytes <= CODE_STORAGE_BYTES) return;
  keepers.fail("CodeStorageExceededException", "Code storage limit exceeded.");
}
