/** What every benchmark of the real CLI begins with: both servers installed, and a stub upstream for each version. */
import {
  startAnthropicStub, type AnthropicStub, type AnthropicStubOptions,
} from "../../test/support/anthropic-stub.ts";
import { claudePath, claudeVersions, type ClaudeVersion } from "../../test/support/real-claude.ts";
import { contestantEnvironment, type EnvironmentOptions } from "./environment.ts";
import type { BenchOptions } from "./options.ts";
import { buildOurs, type Build } from "./our-server.ts";
import { installReference, referenceName, referenceVersion } from "./reference.ts";
import { type Scope, withScope } from "./scope.ts";

/** The run of a benchmark with one CLI version. */
export interface CliRun {
  readonly scope: Scope;
  readonly version: ClaudeVersion;
  /** The CLI's executable. */
  readonly claude: string;
  readonly stub: AnthropicStub;
  readonly build: Build;
  /** The folder of the reference's package. */
  readonly reference: string;
  /** A new environment with this CLI and this stub. Every contestant gets its own. */
  environment(more?: Pick<EnvironmentOptions, "startsFile">): Promise<Record<string, string>>;
}

export interface CliMeasurements<T> {
  /** What `measure` gave, by CLI version, the newest first. */
  readonly measured: T[];
  /** The names and versions that the result tells. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Compiles our server, installs the reference, and calls `measure` for each CLI version in turn. A quick run has the
 * newest alone: the tests of the real CLIs tell whether the others work.
 */
export async function measureCliVersions<T>(
  scope: Scope, options: BenchOptions, stubOptions: AnthropicStubOptions, measure: (run: CliRun) => Promise<T>,
): Promise<CliMeasurements<T>> {
  const build = await buildOurs(scope, options);
  const reference = await installReference(scope, options.reference);
  const measured: T[] = [];
  const all = options.isQuick ? claudeVersions.slice(0, 1) : claudeVersions;
  const tried = options.cli === undefined ? all : [options.cli];
  for (const version of tried) {
    measured.push(await withScope(async (inner) => {
      const stub = await startAnthropicStub(stubOptions);
      inner.defer(() => stub.close());
      const claude = claudePath(version);
      const environment: CliRun["environment"] = (more = {}) =>
        contestantEnvironment(inner, { claude, upstreamUrl: stub.url, ...more });
      return measure({ scope: inner, version, claude, stub, build, reference, environment });
    }, scope));
  }
  const versions = {
    "claude-max-api": build.version, [referenceName]: referenceVersion, CLI: tried.join(" and "),
  };
  return { measured, versions };
}
