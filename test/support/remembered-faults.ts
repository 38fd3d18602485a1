/** What may go wrong in a process of the made-up CLI that remembers. */

/**
 * What becomes of a rewind: refused, never answered, its process dies, or answered in a way that nobody understands; or,
 * as no CLI does it, a message too many is taken back, or none at all, and the answer says nothing of that.
 */
export type RewindFault = "refused" | "unanswered" | "dies" | "garbled" | "overdone" | "pretended";

/**
 * What becomes of a setting: refused, answered after a while, as is all behind it, had and never answered, not had and
 * never answered, its process dies; or, as no CLI does it, accepted and not had.
 */
export type SettingFault = "refused" | "late" | "unanswered" | "lost" | "dies" | "ignored";
const settingRequests = ["apply_flag_settings", "set_model", "set_max_thinking_tokens"] as const;
export type SettingRequest = (typeof settingRequests)[number];

export function isSetting(subtype: unknown): subtype is SettingRequest {
  return settingRequests.some((name) => name === subtype);
}
