/**
 * `/_alonzo/environments`: the execution environments of the region, for `alonzo environments`. GET lists; DELETE ends them
 * at once; POST /cold has them finish what they run, so that the next invocations start cold. `id` or `functionName` says
 * which; without either GET means all, the others want `all=1`.
 */
import { EnvironmentCensus, type EnvironmentChoice } from "../execution/census.ts";
import type { EnvironmentPool } from "../execution/pool.ts";
import type { StemCells } from "../execution/stem-cells.ts";
import type { WireResponse } from "../wire/service.ts";
import type { AdminRoute } from "./gateway.ts";
import { refusal } from "./refusal.ts";

const PATH = "/_alonzo/environments";

/** @param driver name of the isolation driver that holds them */
export function environmentRoutes(pool: EnvironmentPool, cells: StemCells, driver: string): AdminRoute[] {
  const census = new EnvironmentCensus(pool, driver);
  return [
    {
      method: "GET",
      prefix: PATH,
      signed: true,
      handle({ path, query }) {
        if (path !== PATH) throw refusal("UnknownOperationException", "There is nothing at this path");
        return json({ environments: census.list(chosen(query) ?? "all"), cells: cells.list() });
      },
    },
    {
      method: "DELETE",
      prefix: PATH,
      signed: true,
      handle: ({ query }) => json({ ended: end(query, true) }),
    },
    {
      method: "POST",
      prefix: `${PATH}/cold`,
      signed: true,
      handle: ({ query }) => json({ ended: end(query, false) }),
    },
  ];

  function end(query: string, atOnce: boolean): number {
    const choice = chosen(query);
    if (choice === undefined) {
      throw refusal("InvalidParameterValueException", "id, functionName or all=1 says which environments are meant");
    }
    const ended = census.end(choice, atOnce);
    if (ended === 0 && typeof choice === "object" && "id" in choice) {
      throw refusal("ResourceNotFoundException", `There is no environment ${choice.id}`);
    }
    return ended;
  }
}

function chosen(text: string): EnvironmentChoice | undefined {
  const query = new URLSearchParams(text);
  const id = query.get("id");
  const functionName = query.get("functionName");
  if (id) return { id };
  if (functionName) return { functionName };
  return query.get("all") === "1" ? "all" : undefined;
}

function json(value: unknown): WireResponse {
  return { status: 200, headers: { "Content-Type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
