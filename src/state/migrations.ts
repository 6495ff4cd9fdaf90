/**
 * Numbered changes of the database's shape. Each room owns its tables and a list of migrations; a list only ever grows
 * at its end. Applied at start, each in its own transaction, and remembered.
 */
import type { Database } from "./database.ts";

export interface Migration {
  /** For people: what it does, e.g. `create functions`. */
  readonly name: string;
  readonly up: (database: Database) => Promise<void>;
}

type MigrationTables = {
  migrations: { room: string; number: number; name: string };
};

/** The data were written by a later version of this program, which knows migrations that this one does not. */
export class NewerDataError extends Error {
  override readonly name = "NewerDataError";
  readonly hint = "start that version, or choose another data directory";
}

/**
 * Bring a room's tables to the shape that this program expects.
 * @throws NewerDataError when the database is ahead of the program
 */
export async function migrate(database: Database, room: string, migrations: readonly Migration[]): Promise<void> {
  await database.schema
    .createTable("migrations")
    .ifNotExists()
    .addColumn("room", "varchar(64)", (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addColumn("name", "varchar(200)", (column) => column.notNull())
    .addPrimaryKeyConstraint("migrations_key", ["room", "number"])
    .execute();
  const applied = await database
    .withTables<MigrationTables>()
    .selectFrom("migrations")
    .select((all) => all.fn.countAll<number | string | bigint>().as("count"))
    .where("room", "=", room)
    .executeTakeFirstOrThrow();
  const done = Number(applied.count);
  if (done > migrations.length) {
    throw new NewerDataError(
      `the data of '${room}' were written by a newer version of Alonzo (${done} migrations, this one knows ${migrations.length})`,
    );
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < done) continue;
    await database.transaction().execute(async (transaction) => {
      await migration.up(transaction);
      await transaction
        .withTables<MigrationTables>()
        .insertInto("migrations")
        .values({ room, number: index + 1, name: migration.name })
        .execute();
    });
  }
}
