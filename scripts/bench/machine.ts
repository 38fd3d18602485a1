/** The machine and the versions, in words that name no host, no user and no path. */
import { arch, cpus, platform, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly os: string;
  readonly node: string;
}

const bytesPerGigabyte = 1024 ** 3;

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.replaceAll(/\s+/g, " ").trim() || "unknown",
    cores: processors.length,
    memoryGigabytes: Math.round(totalmem() / bytesPerGigabyte),
    os: `${platform()} ${release().split("-", 1)[0]} ${arch()}`,
    node: process.version,
  };
}

export function machineLine({ cpu, cores, memoryGigabytes, os, node }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGigabytes} GB, ${os}, Node ${node}`;
}
