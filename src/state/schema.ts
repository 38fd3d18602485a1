/**
 * The tables of the state. A response has its items by their keys, as JSON: responses of one conversation share them,
 * and `holders` counts the responses that have an item. What is large (`contents`, `bodies`) has tables of its own, so
 * that a change of a count, or of a time, rewrites none of it. Times are in seconds since the epoch.
 */

/** Tells the database from those of other programs: the letters `cmxa`, as a number. */
export const applicationId = 0x636d7861;
/** The version of the tables below. A file of another version is refused. */
export const schemaVersion = 1;

export const schema = `
  CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE owners (key INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
  CREATE TABLE responses (
    key INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, id TEXT NOT NULL, used INTEGER NOT NULL,
    inputs INTEGER NOT NULL, items TEXT NOT NULL, UNIQUE (owner, id)
  );
  CREATE INDEX responses_by_use ON responses (used);
  CREATE TABLE bodies (response INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE items (
    key INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, id TEXT, holders INTEGER NOT NULL
  );
  CREATE INDEX items_by_id ON items (id, owner) WHERE id IS NOT NULL;
  CREATE TABLE contents (item INTEGER PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE sessions (
    key INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, id TEXT NOT NULL, used INTEGER NOT NULL,
    created INTEGER NOT NULL, messages INTEGER NOT NULL, UNIQUE (owner, id)
  );
  CREATE INDEX sessions_by_use ON sessions (used);
  CREATE TABLE messages (
    key INTEGER PRIMARY KEY, session INTEGER NOT NULL, place INTEGER NOT NULL, json TEXT NOT NULL,
    UNIQUE (session, place)
  );
`;
