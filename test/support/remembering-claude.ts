/**
 * A made-up CLI that keeps a true record of all it was told and answers each turn with a text that no other turn gets, so
 * that an answer shows which process saw what. Its processes are real ones that only relay their pipes (fake-claude/relays);
 * what they say is thought up here, where the test can look at it.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";
import { fakeClaudePath } from "./fake-claude.ts";
import { seededRandom } from "./random.ts";
import { compiledRelay } from "./relays.ts";
import type { RewindFault, SettingFault, SettingRequest } from "./remembered-faults.ts";
import type { View } from "./remembered-told.ts";
import { RememberingProcess } from "./remembering-process.ts";
import { type RewindAbilities, rewindAbilities } from "./rewindable-history.ts";

export interface RememberingClaude {
  /** The executable, and the environment it needs. */
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether a process costs a millisecond (compiled) or sixty (a script). */
  readonly isCheap: boolean;
  /** Those that live, in the order of their start. */
  readonly processes: ReadonlySet<RememberingProcess>;
  /** What was done that no CLI takes, or that the API would refuse: each is a fault of the server. */
  readonly violations: readonly string[];
  readonly counts: RememberingCounts;
  /** Every turn is told here as it begins. */
  onTurn: (view: View) => void;
  /** Asked at each rewind: what becomes of it, where it is no ordinary one. */
  faultOfRewind: (process: RememberingProcess) => RewindFault | undefined;
  /** The same for each request that changes a setting. */
  faultOfSetting: (process: RememberingProcess, request: SettingRequest) => SettingFault | undefined;
  /** Asked at each message of a history: whether it is lost. */
  losesMessage: (process: RememberingProcess) => boolean;
}

export interface RememberingCounts {
  readonly processes: number;
  /** How many of the processes rehearsed. */
  readonly rehearsals: number;
  /** A round of results is one too. */
  readonly turns: number;
  readonly rewinds: { readonly granted: number; readonly refused: number };
}

export interface RememberingOptions {
  /** By default those of the newest version that was seen. */
  readonly abilities?: RewindAbilities;
}

export async function startRememberingClaude(
  t: TestContext, seed: number, { abilities = rewindAbilities["2.1.330"] }: RememberingOptions = {},
): Promise<RememberingClaude> {
  const processes = new Set<RememberingProcess>();
  const violations: string[] = [];
  const rewinds = { granted: 0, refused: 0 };
  const counts = { processes: 0, rehearsals: 0, turns: 0, rewinds };
  const random = seededRandom(seed);
  const sockets = new Set<Socket>();

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    const remembering = new RememberingProcess(socket, random, abilities, {
      onStart: () => {
        counts.processes++;
        processes.add(remembering);
      },
      onRehearsal: () => void counts.rehearsals++,
      onTurn: (view) => {
        counts.turns++;
        claude.onTurn(view);
      },
      onRewind: (isGranted) => void rewinds[isGranted ? "granted" : "refused"]++,
      faultOfRewind: (process) => claude.faultOfRewind(process),
      losesMessage: (process) => claude.losesMessage(process),
      faultOfSetting: (process, request) => claude.faultOfSetting(process, request),
      onViolation: (words) => void violations.push(words),
    });
    socket.once("close", () => {
      sockets.delete(socket);
      processes.delete(remembering);
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  cleanUp(t, () => new Promise<void>((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  }));
  const compiled = compiledRelay();
  const claude: RememberingClaude = {
    path: compiled ?? fakeClaudePath("relays"),
    environment: { RELAYS_PORT: String((server.address() as AddressInfo).port) },
    isCheap: compiled !== undefined,
    processes, violations, counts,
    onTurn: () => {},
    faultOfRewind: () => undefined,
    faultOfSetting: () => undefined,
    losesMessage: () => false,
  };
  return claude;
}
