import { randomBytes, scryptSync } from "node:crypto";
import type { StateDatabase } from "./database.ts";

const saltBytes = 16;
const hashBytes = 32;

/**
 * The key of the row that stands for whoever has this API key; without a key, for everybody who reaches the server. The
 * file has a slow, salted hash, from which a short key cannot be found by trying quickly.
 */
export function ownerOf(database: StateDatabase, apiKey: string | undefined): number {
  return database.change(() => {
    const known = database.get("SELECT value FROM facts WHERE name = 'salt'")?.["value"];
    const salt = known instanceof Uint8Array ? known : randomBytes(saltBytes);
    if (known === undefined) database.run("INSERT INTO facts (name, value) VALUES ('salt', ?)", salt);
    const hash = apiKey === undefined ? Buffer.from("nobody's key") : scryptSync(apiKey, salt, hashBytes);
    const found = database.get("SELECT key FROM owners WHERE hash = ?", hash);
    return found === undefined
      ? database.run("INSERT INTO owners (hash) VALUES (?)", hash).key
      : Number(found["key"]);
  });
}
