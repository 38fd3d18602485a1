/** What a program may embed: a server made from a config, started and closed. */

import { existsSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir, totalmem } from "node:os";
import { extname, isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment, type Command } from "./claude/launch.ts";
import { findPolicy } from "./claude/managed-policy.ts";
import { createConfig } from "./config/config.ts";
import type { Config } from "./config/settings.ts";
import { StoredResponses } from "./api/openai/responses/stored.ts";
import { Engine, type EngineStatus } from "./engine/engine.ts";
import { createAccessCheck } from "./http/access.ts";
import { bytesPerMegabyte } from "./http/body.ts";
import { HeldAnswers } from "./http/held-answers.ts";
import { ImageCache } from "./http/image-cache.ts";
import { Preparation } from "./http/preparation.ts";
import type { Route } from "./http/router.ts";
import { routesOf } from "./http/routes.ts";
import { createHttpServer } from "./http/server.ts";
import { createLogger } from "./log.ts";

export { type Config, ConfigError, type ModelAlias } from "./config/settings.ts";
export type { Dialect } from "./api/dialect.ts";
export type { EngineStatus } from "./engine/engine.ts";
export { type Route, turnRoute } from "./http/router.ts";

/** How long connections may stay open after the last answer was ended, in milliseconds. */
const connectionCloseWaitMs = 1_000;

/** The package's own version. */
export const version: string = readManifest().version;

/** What the embedding program gives the server besides the config. */
export interface Surroundings {
  /** The variables that the CLI's environment is chosen from, such as `process.env`. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Takes log lines, without their line end. Default: nothing is logged. */
  readonly writeLog?: (line: string) => void;
  /** Called when no turn has run for a moment, once after each time that one did. Default: nothing. */
  readonly onRest?: () => void;
  /** Further routes, behind the server's own: `turnRoute("/v1/mine", dialect)`. Default: none. */
  readonly routes?: readonly Route[];
}

export interface ClaudeMaxApi {
  /** Starts to listen and to look for the CLI. Gives the URL, or rejects with Node's error (`EADDRINUSE`…). */
  listen(): Promise<{ readonly url: string }>;
  /** Resolves when the CLI was looked for, with what was found. */
  discovered(): Promise<EngineStatus>;
  /**
   * Stops accepting, lets running answers finish within the configured wait, then ends them and every process. Resolves
   * when the last of them is gone.
   */
  close(): Promise<void>;
  /** Ends every process at once. */
  kill(): void;
}

/** A server from a config. Settings left out get their defaults. Throws a ConfigError. */
export function createClaudeMaxApi(
  overrides: Partial<Config> = {},
  { environment = {}, writeLog = () => {}, onRest = () => {}, routes = [] }: Surroundings = {},
): ClaudeMaxApi {
  const machine = { totalMemoryBytes: totalmem(), memoryLimitBytes: process.constrainedMemory() };
  const config = createConfig(overrides, machine);
  const log = createLogger(config.logLevel, writeLog);
  let listenedPort: number | undefined;
  const engine = new Engine({
    command: config.demo ? demoCommand() : claudeCommand(config.claude),
    environment: childEnvironment(environment, config),
    defaultModel: config.defaultModel,
    aliases: config.aliases,
    maxProcesses: config.maxProcesses,
    maxQueue: config.maxQueue,
    warm: config.warm,
    conversationIdleMsMax: config.conversationIdleSeconds * 1000,
    silenceMsMax: config.turnTimeoutSeconds * 1000,
    // By the port that is listened on, which is not the configured one where that is 0.
    folderPlace: () => ({
      runtime: environment["XDG_RUNTIME_DIR"], temporary: tmpdir(), home: homedir(), name: listenedPort?.toString(),
    }),
    log,
    onRest,
  });
  const server = createHttpServer({
    services: {
      engine, log, defaultModel: config.defaultModel,
      maxBodyBytes: config.maxBodyMegabytes * bytesPerMegabyte, headWaitMs: config.headWaitSeconds * 1000,
      // As many as may run or wait, on top of those that do: room for whoever comes when all of them have just left.
      preparation: new Preparation(config.maxProcesses + config.maxQueue),
      held: new HeldAnswers(log),
      imageCache: new ImageCache(),
      heartbeatMs: config.heartbeatSeconds * 1000, fetchImages: config.fetchImages,
    },
    routes: routesOf({
      engine,
      store: new StoredResponses(),
      server: {
        version, isDemo: config.demo, startedAtMs: Date.now(),
        findPolicy: () => findPolicy(process.platform, existsSync),
      },
      more: routes,
    }),
    checkAccess: createAccessCheck(config),
    log,
  });
  let discovery: Promise<unknown> = Promise.resolve();
  return {
    listen: () => new Promise((resolveUrl, reject) => {
      server.once("error", reject);
      server.listen(config.port, config.host, () => {
        server.off("error", reject);
        const { address, family, port } = server.address() as AddressInfo;
        listenedPort = port;
        discovery = engine.discover();
        resolveUrl({ url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}` });
      });
    }),
    discovered: async () => {
      await discovery;
      return engine.status;
    },
    close: async () => {
      const closed = new Promise<void>((resolveClosed) => server.close(() => resolveClosed()));
      server.closeIdleConnections();
      await engine.close(config.shutdownWaitSeconds * 1000);
      const timer = setTimeout(() => server.closeAllConnections(), connectionCloseWaitMs);
      await closed;
      clearTimeout(timer);
    },
    kill: () => engine.kill(),
  };
}

function readManifest(): { readonly version: string } {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
}

/** A path is resolved here, because the CLI runs in a folder of its own. A bare name is looked up on PATH. */
function claudeCommand(claude: string): Command {
  const file = !isAbsolute(claude) && /[/\\]/u.test(claude) ? resolve(claude) : claude;
  return { file, leadingArguments: [] };
}

/** The stand-in, run by this same node with the same loader. */
function demoCommand(): Command {
  const extension = extname(import.meta.url);
  const script = fileURLToPath(new URL(`./demo/claude${extension}`, import.meta.url));
  const loader = extension === ".ts" ? loaderArguments(process.execArgv) : [];
  return { file: process.execPath, leadingArguments: [...loader, script] };
}

/** Those of this node's flags that let it load TypeScript. Others, such as a debugger's, are for this process alone. */
function loaderArguments(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((argument, index) => {
    if (/^--experimental-(?:strip|transform)-types$/u.test(argument)) return [argument];
    const [flag = "", value = execArgv[index + 1]] = argument.split(/=(.*)/su, 2);
    if (!/^(?:--import|--require|-r|--loader|--experimental-loader)$/u.test(flag) || value === undefined) return [];
    return [flag, isBareName(value) ? import.meta.resolve(value) : value];
  });
}

/** A package's name: node would look for it from the stand-in's working folder, where no package is installed. */
function isBareName(specifier: string): boolean {
  return !isAbsolute(specifier) && !/^(?:\.|[a-z]{2,}:)/u.test(specifier);
}
