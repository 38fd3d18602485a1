import { Conversation } from "../claude/conversation.ts";
import { Account } from "./account.ts";
import { Admission } from "./admission.ts";
import { Boots } from "./boots.ts";
import { Borrowing } from "./borrowing.ts";
import { Cli } from "./cli.ts";
import { ConfigHome } from "./config-home.ts";
import type { EngineOptions } from "./engine-options.ts";
import { InstalledCli } from "./installed-cli.ts";
import { KnownCapabilities } from "./known-capabilities.ts";
import { Launcher } from "./launcher.ts";
import { LoginGate } from "./login-gate.ts";
import { ModelCatalog } from "./model-catalog.ts";
import { ModelService } from "./model-service.ts";
import { Moves } from "./moves.ts";
import { bootsForTurn, type OwnedProcess } from "./owned-process.ts";
import { ProcessFolder } from "./process-folder.ts";
import { Pace } from "./pace.ts";
import { Processes } from "./processes.ts";
import { RecentUse } from "./recent-use.ts";
import { RefillTimer } from "./refill-timer.ts";
import { RestClock } from "./rest-clock.ts";
import { SeatSearch } from "./seat-search.ts";
import { Seats } from "./seats.ts";
import { comingFree } from "./timelines.ts";
import { TokenCounter } from "./token-counter.ts";
import { TurnCounts } from "./turn-counts.ts";
import { TurnRunner } from "./turn-runner.ts";
import { WarmProcesses } from "./warm-processes.ts";
import { Whereabouts } from "./whereabouts.ts";

/** How long a parked conversation waits for the results of the client's tools, in milliseconds. */
export const parkedMsMax = 30 * 60_000;

/** What an engine is made of. */
export interface EngineParts {
  readonly account: Account;
  readonly catalog: ModelCatalog;
  readonly models: ModelService;
  readonly capabilities: KnownCapabilities;
  readonly folder: ProcessFolder;
  readonly installed: InstalledCli;
  readonly processes: Processes;
  readonly cli: Cli;
  readonly warm: WarmProcesses;
  readonly admission: Admission;
  readonly counts: TurnCounts;
  readonly boots: Boots;
  readonly rest: RestClock;
  readonly runner: TurnRunner;
  readonly counter: TokenCounter;
}

/** Makes the parts of an engine. Each stands below all that it calls, be it only from a callback. */
export function engineParts(options: EngineOptions): EngineParts {
  const { command, environment, aliases, world, log, maxProcesses, conversationIdleMsMax, silenceMsMax } = options;
  const { clock } = world;
  const account = new Account(log, clock);
  const catalog = new ModelCatalog(aliases);
  const capabilities = new KnownCapabilities(clock);
  const whereabouts = new Whereabouts();
  const counts = new TurnCounts();
  const boots = new Boots(clock);
  const pace = new Pace();

  const folder = new ProcessFolder({ folderPlace: options.folderPlace, world, log });
  const installed = new InstalledCli({ command, environment, world, log, folder });
  const home = new ConfigHome(environment, world);
  const launcher = new Launcher({ world, folder, installed, home, environment });
  // Reserve at most a quarter of the places for warm processes. With none reserved, each of many single questions
  // would boot its own process. With few places, living conversations are worth more.
  const restingMax = maxProcesses - Math.min(options.warm, Math.floor(maxProcesses / 4));
  const processes = new Processes({
    max: maxProcesses, restingMax, idleMsMax: conversationIdleMsMax, parkedMsMax, launcher, whereabouts, world, log,
  });
  const cli = new Cli({
    installed, folder, home, launcher, processes, capabilities, account, models: catalog, boots, pace, clock, log,
  });

  const recent = new RecentUse(clock);
  // Busy: turns run whose processes the next conversation can have, or as many turns as there are cores wait for boots,
  // which one more would slow down.
  const isBusy = (): boolean => {
    const { all } = processes;
    return comingFree(all, recent.beginning, capabilities.current).length > 0
      || all.filter(bootsForTurn).length >= world.cores;
  };
  const refills = new RefillTimer(clock, isBusy);
  const { rehearsalWaitMsMax, limits = {} } = options;
  const converse = (owned: OwnedProcess): Conversation => new Conversation(owned.process, {
    silenceMsMax, limits, time: clock, bootMsMax: () => boots.waitMsMax,
    ...(rehearsalWaitMsMax === undefined ? {} : { rehearsalWaitMsMax }),
    onInitialized: (answer) => void cli.learn(answer, owned.process),
    onBootTimeout: (error) => boots.note(error),
    onHistoryTold: () => refills.putOff(),
    onRateLimit: (info) => account.noteRateLimit(info),
    onModelLimits: (limits) => catalog.noteLimits(limits),
    onModelRefused: () => {
      if (owned.birth.generation === processes.generation) capabilities.noteRefusal("setModel");
    },
    onSpent: (reason, haste) => {
      log.debug("a process has no further use", { reason });
      processes.end(owned, "process_ended", { reason, haste });
    },
  });
  // Told by `set_model` a model that it does not list, the CLI asks the API whether there is one.
  const isMovable = (model: string): boolean => capabilities.current.setModel && catalog.isListed(model);
  const warm = new WarmProcesses({
    warm: options.warm, processes, capabilities, account, recent, isMovable, converse, refills, clock, log,
  });
  const moves = new Moves({ processes, capabilities, log });
  const search = new SeatSearch({ cli, processes, warm, moves, recent, boots, capabilities, converse, pace, clock });
  const seats = new Seats({ processes, warm, moves, whereabouts, capabilities, pace, clock });

  const admission = new Admission({ runningMax: maxProcesses, waitingMax: options.maxQueue });
  const rest = new RestClock(options.onRest, clock, log);
  const runner = new TurnRunner({
    admission, warm, seats, search, counts, boots, capabilities, rest, isMovable,
    longParameterBytesMax: world.longParameterBytesMax, login: new LoginGate(account, clock, log),
    keepsIdle: conversationIdleMsMax > 0, lookIfReplaced: () => installed.lookIfReplaced(), log,
  });
  const borrowing = new Borrowing({
    cli, processes, seats, search, moves, warm, whereabouts, capabilities, keepsIdle: () => runner.keepsIdle,
  });
  const counter = new TokenCounter({ admission, borrowing, runner, boots, rest });
  const models = new ModelService(catalog, clock);
  return {
    account, catalog, models, capabilities, folder, installed, processes, cli, warm, admission, counts, boots, rest,
    runner, counter,
  };
}
