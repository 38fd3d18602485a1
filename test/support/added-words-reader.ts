/** Reads text that must be the CLI's own, by the list in test/support/added-words.ts. */
import {
  type AddedWords, cliWords, type Gap, type KnownThing, type RequestKind, type Spot, type Words,
} from "./added-words.ts";

/**
 * What is known of the machine and of the request: a value, some of which one stands there, or a pattern. Words with a
 * gap for something that is not known are never read.
 */
export type Known = Readonly<Partial<Record<KnownThing, string | readonly string[] | RegExp>>>;

/** Reads one request. What it has read as often as it may stand there it reads no more. */
export interface AddedWordsReader {
  /** Whether all of a text is entries of the list that may stand there, one after another, line ends between them. */
  take(text: string, spot: Spot | "system prompt"): boolean;
  /** Whether a field's value, as JSON, is one that the list has. Each field is asked for once. */
  takeField(name: string, value: unknown): boolean;
}

/** What is known of the request that is read. */
export interface ReadRequest {
  /** How many messages of the user's it has: what comes with each question stands no more often. */
  readonly questions: number;
  readonly kinds?: readonly RequestKind[];
  /** Gets the entries that are read. */
  readonly met?: Set<AddedWords>;
}

/** The messages of the user's in a body. */
export function questionsIn(messages: readonly { readonly role?: string }[]): number {
  return messages.filter(({ role }) => role === "user").length;
}

/** One way in which an entry is said: what a text begins with, and what it is as a whole. */
interface Saying { readonly entry: AddedWords; readonly begins: RegExp; readonly is: RegExp }

const constant = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&");

function gapPattern(gap: Gap, known: Known): string | undefined {
  if ("chars" in gap) return `[${gap.chars}]{1,${gap.charsMax}}`;
  const value = known[gap.known];
  if (value === undefined) return undefined;
  if (value instanceof RegExp) return `(?:${value.source})`;
  return typeof value === "string" ? constant(value) : `(?:${value.map(constant).join("|")})`;
}

function pattern(words: Words, known: Known): string | undefined {
  const parts = words.map((part) => (typeof part === "string" ? constant(part) : gapPattern(part, known)));
  return parts.includes(undefined) ? undefined : parts.join("");
}

/** By the entries that stand on a version, in a request of its kinds. Of two with one beginning the longer counts. */
export function addedWordsReader(
  version: string, known: Known, { questions, kinds = [], met = new Set() }: ReadRequest,
): AddedWordsReader {
  const sayings = cliWords.filter(({ seenOn, onlyIn }) => (
    (seenOn === "all" || seenOn.includes(version)) && (onlyIn === undefined || kinds.includes(onlyIn))
  )).flatMap((entry) => entry.said.flatMap((words): Saying | readonly [] => {
    const text = pattern(words, known);
    if (text === undefined) return [];
    return { entry, begins: new RegExp(`^(?:${text})\\n*`, "u"), is: new RegExp(`^(?:${text})$`, "u") };
  })).sort((one, other) => other.is.source.length - one.is.source.length);
  const times = new Map<Saying, number>();
  /** By the entry whose words they are: the form in which the request has them. */
  const forms = new Map<string, AddedWords>();
  const isLeft = (saying: Saying): boolean => (
    (times.get(saying) ?? 0) < (saying.entry.timesMax?.(questions) ?? 1)
    && !(saying.entry.isSaidOneWay && [...times.keys()].some((read) => read !== saying && read.entry === saying.entry))
    && (forms.get(wordsOf(saying.entry)) ?? saying.entry) === saying.entry
  );
  const count = (saying: Saying): void => {
    times.set(saying, (times.get(saying) ?? 0) + 1);
    if (saying.entry.place === "messages") forms.set(wordsOf(saying.entry), saying.entry);
    met.add(saying.entry);
  };
  return {
    take: (text, spot) => {
      const found = sayingsIn(text, sayings.filter(({ entry }) => standsIn(entry, spot)));
      // Nothing is said twice in one text, however often it may be said.
      const once = new Set(found.map((saying) => (saying.entry.isSaidOneWay ? saying.entry : saying)));
      const isRead = found.length > 0 && isClosed(text) && once.size === found.length && found.every(isLeft);
      if (isRead) found.forEach(count);
      return isRead;
    },
    takeField: (name, value) => {
      const text = JSON.stringify(value);
      const found = sayings.find((saying) => saying.entry.name === name && saying.is.test(text) && isLeft(saying));
      if (found !== undefined) count(found);
      return found !== undefined;
    },
  };
}

const wordsOf = ({ id, formOf = id }: AddedWords): string => formOf;

function standsIn({ place, spots = [] }: AddedWords, spot: Spot | "system prompt"): boolean {
  if (spot === "system prompt") return place === "system";
  // The first of the user's messages is one of them.
  return spots.includes(spot) || (spot === "first user message" && spots.includes("user message"));
}

/** Whether each reminder of a text begins and ends in it: between two ends in two texts anybody's words might stand. */
function isClosed(text: string): boolean {
  const outside = text.replaceAll(/<system-reminder>(?:(?!<\/?system-reminder>)[^])*<\/system-reminder>/gu, "");
  return !/<\/?system-reminder>/u.test(outside);
}

/** Those that a text is made of, with line ends between them; none where it has anything else. */
function sayingsIn(text: string, sayings: readonly Saying[]): readonly Saying[] {
  const found: Saying[] = [];
  for (let rest = text; rest !== "";) {
    const one = sayings.find(({ begins }) => begins.test(rest));
    if (one === undefined) return [];
    found.push(one);
    rest = rest.replace(one.begins, "");
  }
  return found;
}
