/** The models of the pinned CLIs, by the names that tests ask for and the ids that go up for them. */

const [newer, older] = ["2.1.330", "2.1.197"] as const;

/** What each version of the CLI makes of a name of its own. */
const ids: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [newer]: { opus: "claude-opus-5-5", sonnet: "claude-sonnet-5-5", haiku: "claude-haiku-5-5" },
  [older]: { opus: "claude-opus-4-8", sonnet: "claude-sonnet-5", haiku: "claude-haiku-4-5-20251001" },
};
/** Names by this server's own list of older ones, which stand for the CLI's. */
const namesOfOld = /^claude-(opus|sonnet|haiku)-4$/u;
const usual = "opus";

/** The id that goes up for a client's name; undefined for a version that is not pinned. A full id is its own. */
export function modelIdFor(name: unknown, version: string): string | undefined {
  const own = String(name || usual).replace(namesOfOld, "$1");
  return ids[version]?.[own] ?? (ids[version] === undefined ? undefined : own);
}
