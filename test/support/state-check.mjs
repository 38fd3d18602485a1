/** Run by a Node with SQLite: says as JSON what is wrong in the state of the folder that is its argument. */
import { join } from "node:path";

const { DatabaseSync } = await import("node:sqlite");
const database = new DatabaseSync(join(process.argv[2], "state.db"));
const all = (sql) => database.prepare(sql).all();
const count = (sql) => Number(Object.values(all(sql)[0])[0]);
const held = "SELECT DISTINCT responses.key AS response, listed.value AS item FROM responses, json_each(responses.items) AS listed";
const faults = {
  integrity: all("PRAGMA integrity_check").map(({ integrity_check: line }) => line).filter((line) => line !== "ok"),
  "responses without a body": count("SELECT count(*) FROM responses WHERE key NOT IN (SELECT response FROM bodies)"),
  "bodies of no response": count("SELECT count(*) FROM bodies WHERE response NOT IN (SELECT key FROM responses)"),
  "items that a response lacks": count(`SELECT count(*) FROM (${held}) WHERE item NOT IN (SELECT item FROM contents) OR item NOT IN (SELECT key FROM items)`),
  "items without content": count("SELECT count(*) FROM items WHERE key NOT IN (SELECT item FROM contents)"),
  "contents of no item": count("SELECT count(*) FROM contents WHERE item NOT IN (SELECT key FROM items)"),
  "messages of no session": count("SELECT count(*) FROM messages WHERE session NOT IN (SELECT key FROM sessions)"),
  "sessions with a wrong count of messages": count("SELECT count(*) FROM sessions WHERE messages <> (SELECT count(*) FROM messages WHERE session = sessions.key)"),
  "items with a wrong count of holders": count(`SELECT count(*) FROM items WHERE holders <> (SELECT count(*) FROM (${held}) AS all_held WHERE all_held.item = items.key)`),
};
database.close();
console.log(JSON.stringify(Object.entries(faults).filter(([, found]) => found !== 0 && found.length !== 0)));
