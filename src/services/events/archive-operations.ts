/** Archives and replays: Create-, Update-, Delete-, Describe- and ListArchive(s), Start-, Cancel-, Describe- and ListReplay(s). */
import { newUuid } from "../../state/ids.ts";
import type { Archive } from "./archive-store.ts";
import type { EventsHandlers } from "./events-api.ts";
import type { EventsContext } from "./events-context.ts";
import { pageOf } from "./pages.ts";
import type { Replay } from "./replays.ts";
import { readPattern } from "./rule-operations.ts";

export function archiveHandlers(context: EventsContext) {
  const { book, names, fail, clock, changes, archives, replays } = context;

  function archiveOf(name: string): Archive {
    return (
      book.documents.find<Archive>("archive", name) ??
      fail("ResourceNotFoundException", `Archive ${name} does not exist.`)
    );
  }

  function replayOf(name: string): Replay {
    return replays.find(name) ?? fail("ResourceNotFoundException", `Replay ${name} does not exist.`);
  }

  const archiveSummary = (archive: Archive) => {
    const { events, bytes } = archives.sizeOf(archive);
    return {
      ArchiveName: archive.name,
      EventSourceArn: names.arn("event-bus", archive.bus),
      State: "ENABLED" as const,
      RetentionDays: archive.retentionDays,
      SizeBytes: bytes,
      EventCount: events,
      CreationTime: new Date(archive.createdMs),
    };
  };

  const replaySummary = (replay: Replay) => ({
    ReplayName: replay.name,
    EventSourceArn: names.arn("archive", replay.archive),
    State: replay.state,
    StateReason: replay.stateReason,
    EventStartTime: new Date(replay.fromMs),
    EventEndTime: new Date(replay.toMs),
    EventLastReplayedTime: replay.last && new Date(replay.last.timeMs),
    ReplayStartTime: new Date(replay.startedMs),
    ReplayEndTime: replay.endedMs === undefined ? undefined : new Date(replay.endedMs),
  });

  const created = (archive: Archive) => ({
    ArchiveArn: names.arn("archive", archive.name),
    State: "ENABLED" as const,
    CreationTime: new Date(archive.createdMs),
  });

  return {
    CreateArchive: (input) =>
      changes.run("archive", async () => {
        const { ArchiveName: name } = input;
        const bus = names.busName(input.EventSourceArn);
        if (book.documents.find("archive", name)) {
          fail("ResourceAlreadyExistsException", `Archive ${name} already exists.`);
        }
        if (!book.bus(bus)) fail("ResourceNotFoundException", `Event bus ${bus} does not exist.`);
        if (input.EventPattern !== undefined) readPattern(fail, input.EventPattern);
        const archive: Archive = {
          name,
          id: newUuid(),
          bus,
          description: input.Description,
          eventPattern: input.EventPattern,
          retentionDays: input.RetentionDays ?? 0,
          createdMs: clock.now(),
        };
        await book.documents.put("archive", name, archive);
        return created(archive);
      }),

    UpdateArchive: (input) =>
      changes.run("archive", async () => {
        const archive = archiveOf(input.ArchiveName);
        if (input.EventPattern !== undefined) readPattern(fail, input.EventPattern);
        const updated: Archive = {
          ...archive,
          ...(input.Description !== undefined && { description: input.Description }),
          ...(input.EventPattern !== undefined && { eventPattern: input.EventPattern }),
          ...(input.RetentionDays !== undefined && { retentionDays: input.RetentionDays }),
        };
        await book.documents.put("archive", archive.name, updated);
        return created(updated);
      }),

    DeleteArchive: ({ ArchiveName: name }) =>
      changes.run("archive", async () => {
        const archive = archiveOf(name);
        await book.documents.change([{ kind: "archive", name }]);
        await archives.remove(archive);
        return {};
      }),

    DescribeArchive: ({ ArchiveName: name }) => {
      const archive = archiveOf(name);
      return {
        ...archiveSummary(archive),
        ArchiveArn: names.arn("archive", name),
        Description: archive.description,
        EventPattern: archive.eventPattern,
      };
    },

    ListArchives: (input) => {
      const { NamePrefix: prefix = "", EventSourceArn: source, State: state } = input;
      const found = archives.archives.filter(
        ({ name, bus }) =>
          name.startsWith(prefix) &&
          (source === undefined || names.arn("event-bus", bus) === source) &&
          (state === undefined || state === "ENABLED"),
      );
      const { page, next } = pageOf(fail, found, ({ name }) => name, input);
      return { Archives: page.map(archiveSummary), ...next };
    },

    StartReplay: (input) =>
      changes.run("archive", async () => {
        const { ReplayName: name, EventStartTime: start, EventEndTime: end, Destination: destination } = input;
        if (replays.find(name)) fail("ResourceAlreadyExistsException", `Replay ${name} already exists.`);
        const source = names.parse(input.EventSourceArn);
        const archive = source?.kind === "archive" ? book.documents.find<Archive>("archive", source.path) : undefined;
        if (!archive) {
          const shown = source?.path ?? input.EventSourceArn;
          return fail(
            "ValidationException",
            `Parameter EventSourceArn is not valid. Reason: Archive ${shown} does not exist.`,
          );
        }
        if (names.arn("event-bus", archive.bus) !== destination.Arn) {
          fail(
            "ValidationException",
            "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
          );
        }
        if (start >= end) {
          fail(
            "ValidationException",
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
          );
        }
        const replay: Replay = {
          name,
          description: input.Description,
          archive: archive.name,
          bus: archive.bus,
          filterArns: destination.FilterArns,
          state: "STARTING",
          fromMs: start.getTime(),
          toMs: end.getTime(),
          startedMs: clock.now(),
        };
        await replays.store(replay);
        replays.run(name);
        return {
          ReplayArn: names.arn("replay", name),
          State: "STARTING" as const,
          ReplayStartTime: new Date(replay.startedMs),
        };
      }),

    CancelReplay: async ({ ReplayName: name }) => {
      const replay = replayOf(name);
      if (replay.state !== "STARTING" && replay.state !== "RUNNING") {
        fail("IllegalStatusException", `Replay ${name} is not in a valid state for this operation.`);
      }
      await replays.store({ ...replay, state: "CANCELLING" });
      return { ReplayArn: names.arn("replay", name), State: "CANCELLING" as const };
    },

    DescribeReplay: ({ ReplayName: name }) => {
      const replay = replayOf(name);
      return {
        ...replaySummary(replay),
        ReplayArn: names.arn("replay", name),
        Description: replay.description,
        Destination: { Arn: names.arn("event-bus", replay.bus), FilterArns: replay.filterArns },
      };
    },

    ListReplays: (input) => {
      const { NamePrefix: prefix = "", EventSourceArn: source, State: state } = input;
      const found = replays.all.filter(
        (replay) =>
          replay.name.startsWith(prefix) &&
          (source === undefined || names.arn("archive", replay.archive) === source) &&
          (state === undefined || replay.state === state),
      );
      const { page, next } = pageOf(fail, found, ({ name }) => name, input);
      return { Replays: page.map(replaySummary), ...next };
    },
  } satisfies EventsHandlers;
}
