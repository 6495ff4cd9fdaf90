/** What all handlers of EventBridge work with. */

import type { Place } from "../../functions/function-name.ts";
import type { Outbox } from "../../invocation/outbox/outbox.ts";
import type { Clock } from "../../state/clock.ts";
import type { Serial } from "../../state/serial.ts";
import type { ArchiveStore } from "./archive-store.ts";
import type { EventBook } from "./event-book.ts";
import type { EventsFail } from "./events-api.ts";
import type { Names } from "./names.ts";
import type { Replays } from "./replays.ts";
import type { EventRouter } from "./router.ts";

export interface EventsContext {
  readonly place: Place;
  readonly clock: Clock;
  readonly fail: EventsFail;
  readonly names: Names;
  readonly book: EventBook;
  readonly router: EventRouter;
  readonly outbox: Outbox;
  readonly archives: ArchiveStore;
  readonly replays: Replays;
  /** Changes of settings, one after the other: what one has checked holds until it is stored. */
  readonly changes: Serial;
}
