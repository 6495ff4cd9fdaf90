/** The composition root: builds every part of a region and joins them. The only file that knows all of them. */
import { availableParallelism } from "node:os";
import packageJson from "../package.json" with { type: "json" };
import type { Config } from "./config.ts";
import { CredentialMint } from "./execution/credentials.ts";
import { EnvironmentAssembly } from "./execution/environment-assembly.ts";
import { EnvironmentFactory } from "./execution/environment-factory.ts";
import { memoryOfMachine, Placement } from "./execution/placement.ts";
import { EnvironmentPool } from "./execution/pool.ts";
import { selectDriver } from "./execution/sandbox/select.ts";
import { SnapshotStore } from "./execution/snapshots/snapshot-store.ts";
import { StemCells } from "./execution/stem-cells.ts";
import { CapacityProviders } from "./functions/capacity-providers.ts";
import { Catalog } from "./functions/catalog.ts";
import { CodeSigningConfigs } from "./functions/code-signing-configs.ts";
import { CodeStore } from "./functions/code-store.ts";
import { EventSourceMappings } from "./functions/event-source-mappings.ts";
import { functionArn } from "./functions/function-name.ts";
import { FunctionUrlDirectory } from "./functions/function-url-directory.ts";
import { Layers } from "./functions/layers.ts";
import { loadSigningProfiles } from "./functions/signing-profiles.ts";
import { mountedBy } from "./functions/unpacked-code.ts";
import { authorizeByActions } from "./gateway/authorization.ts";
import { codePath, codeRoute } from "./gateway/code-route.ts";
import { environmentRoutes } from "./gateway/environments-route.ts";
import { eventRoutes } from "./gateway/events-route.ts";
import { KeyRing } from "./gateway/key-ring.ts";
import { logsRoute } from "./gateway/logs-route.ts";
import { presign } from "./gateway/presign.ts";
import { createGateway } from "./gateway/server.ts";
import { usageRoute } from "./gateway/usage-route.ts";
import { discoverRuntimes } from "./inspection.ts";
import { Admission } from "./invocation/admission.ts";
import { AsyncInvocation } from "./invocation/async/async-invocation.ts";
import { ConcurrencySettings } from "./invocation/concurrency-settings.ts";
import { Elsewhere } from "./invocation/external/elsewhere.ts";
import { LambdaTarget } from "./invocation/lambda-target.ts";
import { RegionMetering } from "./invocation/metering/region-metering.ts";
import { Precedence } from "./invocation/precedence.ts";
import { RegionInvoker } from "./invocation/region-invoker.ts";
import { Targets } from "./invocation/targets.ts";
import {
  AccountConcurrency,
  Activation,
  CapacityProviderLifecycle,
  CodeStorage,
  codeReader,
  createLambdaHandlers,
  FunctionScalingControl,
  type Lambda,
  MappingLifecycle,
} from "./management/index.ts";
import { createLog } from "./observability/log.ts";
import { LogStore } from "./observability/log-store.ts";
import { openImages, openSnapStart, type SnapStartParts, VersionPreparation } from "./preparation.ts";
import { openCompanions } from "./services/companions.ts";
import { type OnGone, regionSources } from "./sources/region-sources.ts";
import { systemClock } from "./state/clock.ts";
import { DataDirectory } from "./state/data-directory.ts";
import { openDatabase } from "./state/database.ts";
import { QueueThread } from "./state/queue-thread.ts";
import { openRegionKey } from "./state/region-key.ts";
import { createService } from "./wire/engine.ts";
import { failFor } from "./wire/fail.ts";
import { loadModel } from "./wire/model.ts";

const SWEEP_EVERY_MS = 10 * 60_000;
/** Functions whose runtimes are started ahead when the region starts; others follow when they are used. */
const MOST_FUNCTIONS_AT_START = 100;

export interface Region {
  /** http://HOST:PORT */
  readonly url: string;
  /** Operations of its AWS APIs that have a handler, by the name of the service. */
  readonly served: ReadonlyMap<string, readonly string[]>;
  /** Name of the isolation driver in use. */
  readonly isolation: string;
  /** What the operator should know: why isolation is weaker than it could be, what is missing. */
  readonly notices: readonly string[];
  /** No new work, running invocations finish or time out, every resource is given back. */
  close(): Promise<void>;
}

/**
 * Start a region. When this resolves it serves.
 * @throws DataDirectoryInUse, SandboxError (no usable isolation), or the listener's error
 */
export async function startRegion(config: Config): Promise<Region> {
  // Whatever was opened is closed in reverse order, at the end or when a later step fails.
  await using opened = new AsyncDisposableStack();
  const log = createLog();
  const clock = systemClock;
  const place = { region: config.region, accountId: config.accountId };

  const signingProfiles = await loadSigningProfiles(config.signingProfiles);
  const data = await DataDirectory.open(config.dataDir);
  opened.defer(() => data.close());
  const database = openDatabase(data.join("region.sqlite"));
  opened.defer(() => database.destroy());
  const mint = new CredentialMint(await openRegionKey(data.join("region.key")));
  const catalog = await Catalog.open(database, place);
  const codeSigning = await CodeSigningConfigs.open(database);
  const code = await CodeStore.open(data.path, clock);
  opened.defer(() => code.close());
  const layers = await Layers.open(database);
  const referencedCode = async (codeSha256s: readonly string[]) =>
    new Set([...(await catalog.listing.referencedCode(codeSha256s)), ...(await layers.referencedCode(codeSha256s))]);
  const sweep = (graceMs?: number) => code.sweep(referencedCode, graceMs, catalog.listing.allReferencedCode());
  // There is nobody yet who could be using any code. Goes on while the next steps wait for what they probe.
  const swept = sweep(0);
  opened.defer(() => swept.catch(() => {}));
  const sweepAll = async () => {
    await sweep();
    await images?.sweep((digests) => catalog.listing.referencedCode(digests));
  };
  const sweeper = setInterval(
    () => void sweepAll().catch((error) => log.error("code sweep", { error })),
    SWEEP_EVERY_MS,
  );
  opened.defer(() => clearInterval(sweeper));
  const logs = new LogStore(data.join("logs"), log);
  opened.defer(() => logs.flush());
  const metering = await RegionMetering.open(data.join("usage.sqlite"), clock, log);
  opened.defer(() => metering.close());

  const [{ driver, rejected }, runtimes] = await Promise.all([
    selectDriver(config.isolation),
    discoverRuntimes(config),
  ]);
  opened.defer(() => driver.close());
  const images = driver.imageRoot && (await openImages(driver.imageRoot, config, data.join("images"), clock));
  if (images) opened.defer(() => images.close());
  const preparation = new VersionPreparation(code, runtimes, images);
  await swept;
  const placement = new Placement(memoryOfMachine);
  const parallelStarts = Math.max(2, availableParallelism());
  const cells = new StemCells({ driver, runtimes, placement, log, stock: config.stemCells, parallel: parallelStarts });
  opened.defer(() => cells.close());
  const assembly = new EnvironmentAssembly({
    runtimes,
    logs,
    credentials: mint,
    region: config.region,
    streamingRate: config.streamingRate,
    directories: (version) => preparation.directories(version),
    ...(images && { images }),
    onRegionConnection: (socket, endpoint) => gateway.accept(socket, { endpoint }),
  });
  const store = await SnapshotStore.open(data.join("snapshots"), config.snapshots);
  const { meter } = metering;
  const onInit: SnapStartParts["onInit"] = (version, initMs) => meter.recordSnapshotInit(version, initMs);
  const snapStart = openSnapStart({ assembly, driver, catalog, runtimes, placement, log, store, onInit });
  opened.use(snapStart);
  const pool = new EnvironmentPool({
    factory: new EnvironmentFactory({ assembly, driver, cells, snapStart }),
    placement,
    cells,
    log,
    idleTimeoutMs: config.idleTimeoutMs,
    parallelStarts,
    onProvisionedInit: (version, initMs) => metering.meter.recordProvisionedInit(version, initMs),
  });
  opened.defer(() => pool.close());
  code.bound(config.unpackedCode, () => mountedBy([...pool.all()].map(([{ version }]) => version)));
  const admission = new Admission(config);
  const provisionedTime = metering.provisionedTime(pool.provisioned);
  opened.defer(() => provisionedTime.close());
  const concurrency = new ConcurrencySettings(catalog, admission, pool.provisioned, () => provisionedTime.advance());
  catalog.onChange((functionName) => {
    void concurrency.apply(functionName).catch((error) => log.error("applying concurrency", { error }));
    const current = (version: string) => catalog.resolve(functionName, version);
    void pool.retire(functionName, current).catch((error) => log.error("retiring environments", { error }));
  });
  const precedence = new Precedence();
  opened.defer(() => precedence[Symbol.dispose]());
  const arnOf = (name: string) => functionArn(place, name);
  const invoker = new RegionInvoker(catalog, admission, pool, arnOf, metering.meter, precedence);
  const queue = await QueueThread.open(data.join("events.sqlite"), config.asyncQueue);
  opened.defer(() => queue.close());
  const targets = new Targets();
  const asynchronous = new AsyncInvocation({
    targets,
    precedence,
    queue,
    invoker,
    catalog,
    place,
    clock,
    log,
    retryDelaysMs: config.asyncRetryDelaysMs,
    concurrency: config.asyncConcurrency,
    isSwitchedOff: (functionName) => admission.isSwitchedOff(functionName),
  });

  const policyOf = (functionName: string, qualifier?: string) => catalog.policies.find(functionName, qualifier);
  const lambdaTarget = new LambdaTarget({ events: asynchronous.events, place, policyOf });
  targets.add("lambda", lambdaTarget);
  const elsewhere = new Elsewhere(config.externalEndpoints, place);
  opened.defer(() => elsewhere.close());
  const companions = await openCompanions({
    place,
    data,
    clock,
    log,
    targets,
    catalog,
    invoker,
    lambda: lambdaTarget,
    credentials: mint,
    functionLogs: logs,
    hostNames: config.hostNames,
  });
  opened.defer(() => companions.close());
  elsewhere.addTo(targets, companions.codeObjects);

  const model = loadModel<Lambda>("lambda");
  const functionScaling = new FunctionScalingControl({
    catalog,
    onFault: (error) => log.error("function scaling", { error }),
  });
  const activation = new Activation({
    catalog,
    prepare: (version) => preparation.prepare(version, snapStart),
    onFault: (error) => log.error("activation", { error }),
    onActive: (version) => {
      cells.expect(version, true);
      functionScaling.follow(version);
    },
  });
  const capacityProviders = await CapacityProviders.open(database);
  const capacityProviderLifecycle = new CapacityProviderLifecycle({
    providers: capacityProviders,
    onFault: (error) => log.error("capacity providers", { error }),
  });
  const authorize = authorizeByActions(config.executionRoleActions);
  const mappings = await EventSourceMappings.open(database);
  const onGone: OnGone = (mapping, reason) => mappingLifecycle.stopped(mapping, reason);
  const sources = regionSources({
    ...config,
    queues: companions.queues,
    externalSqs: elsewhere.queues,
    invoker,
    place,
    log,
    onGone,
  });
  opened.defer(() => sources.close());
  const mappingLifecycle: MappingLifecycle = new MappingLifecycle({
    mappings,
    pollers: sources,
    onFault: (error) => log.error("event source mappings", { error }),
  });
  const handlers = createLambdaHandlers({
    catalog,
    codeStore: code,
    layers,
    codeStorage: new CodeStorage(config.codeStorage, catalog, layers),
    codeSigning,
    signingProfiles,
    onUntrustedCode: (arn) => log.warn("untrusted code was deployed", { arn }),
    clock,
    fail: failFor(model),
    activation,
    account: new AccountConcurrency(catalog, config),
    concurrency,
    mappings,
    mappingLifecycle,
    capacityProviders,
    capacityProviderLifecycle,
    functionScaling,
    resolveImage: (uri, architecture) => preparation.resolveImage(uri, architecture),
    readCodeObject: codeReader(elsewhere.objectsBeside(companions.codeObjects), authorize),
    isElsewhere: (arn) => targets.isElsewhere(arn),
    codeUrl: (codeSha256, endpoint) =>
      presign({ ...config, service: "lambda", endpoint, path: codePath(codeSha256), now: clock.now() }),
  });
  const lambda = createService({
    model,
    handlers,
    onFault: (error, requestId) => log.error("lambda fault", { requestId, error }),
  });
  const stopping = new AbortController();
  const services = [lambda, ...companions.services];
  const gateway = createGateway({
    services,
    credentials: new KeyRing({ ...config, mint }),
    invoker,
    events: asynchronous.events,
    functionUrls: new FunctionUrlDirectory(catalog),
    surfaces: companions.surfaces,
    authorize,
    policyOf,
    layerPolicyOf: (layerName, version) => layers.policyDocument(layerName, version),
    resourcePolicyOf: (resource) => companions.policyOf(resource),
    hostNames: config.hostNames,
    allowedOrigins: config.allowedOrigins,
    ...place,
    health: () => ({ status: "ready", version: packageJson.version, isolation: driver.name }),
    adminRoutes: [
      logsRoute(catalog, logs, stopping.signal),
      codeRoute(code),
      usageRoute((query) => metering.report(query), clock),
      ...eventRoutes(asynchronous.browser, asynchronous.counters),
      ...environmentRoutes(pool, cells, driver.name),
    ],
    log,
  });
  // From here on environments may call the region.
  await concurrency.load();
  provisionedTime.start();
  const { port, host } = await gateway.listen(config.port, config.host);
  opened.defer(() => functionScaling.close());
  opened.defer(() => activation.close());
  opened.defer(() => mappingLifecycle.close());
  opened.defer(() => capacityProviderLifecycle.close());
  opened.defer(() => asynchronous.close());
  opened.defer(() => gateway.close());
  opened.defer(() => stopping.abort());
  opened.defer(() => asynchronous.stop());
  opened.defer(() => companions.stop());
  opened.defer(() => sources.stop());
  await activation.resume();
  await mappingLifecycle.resume();
  await capacityProviderLifecycle.resume();
  await functionScaling.resume();
  await asynchronous.start();
  await companions.start();
  const { versions: deployed } = await catalog.listing.functions({
    limit: MOST_FUNCTIONS_AT_START,
    allVersions: false,
  });
  for (const version of deployed) cells.expect(version, false);
  cells.start();

  const closing = opened.move();
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    served: new Map(services.map(({ name, served }) => [name, served])),
    isolation: driver.name,
    notices: [driver.description, ...rejected.map(({ name, reason, hint }) => `no ${name}: ${reason} (${hint})`)],
    close: () => closing.disposeAsync(),
  };
}
