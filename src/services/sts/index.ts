/**
 * AWS STS, as much of it as a region without IAM has a use for: who am I, and temporary credentials for a role or for
 * oneself. It keeps nothing: credentials carry what they say, signed with the region's key.
 */
import { createService } from "../../wire/engine.ts";
import { failFor } from "../../wire/fail.ts";
import { loadModel } from "../../wire/model.ts";
import type { OpenCompanion } from "../companion.ts";
import { identityHandlers } from "./identity.ts";
import { sessionHandlers } from "./sessions.ts";
import type { Sts, StsContext } from "./sts-api.ts";

export const openSts: OpenCompanion = async ({ clock, credentials, log }) => {
  const model = loadModel<Sts>("sts");
  const context: StsContext = { clock, credentials, fail: failFor(model) };
  return {
    service: createService({
      model,
      handlers: { ...identityHandlers(), ...sessionHandlers(context) },
      onFault: (error, requestId) => log.error("sts fault", { requestId, error }),
    }),
    close: async () => {},
  };
};
