import type { InitializeAnswer, RateLimitInfo } from "../claude/protocol.ts";
import type { Logger } from "../log.ts";

/** What the CLI tells of the login that it has, and of the subscription behind it. */
export class Account {
  readonly #log: Logger;
  #login: Pick<InitializeAnswer, "loggedIn" | "knowsEmail"> | undefined;
  #rateLimit: RateLimitInfo | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Undefined until the CLI was asked. */
  get loggedIn(): boolean | undefined {
    return this.#login?.loggedIn;
  }

  /** Whether the CLI tells the model the account's e-mail address; undefined until it was asked. */
  get sendsEmail(): boolean | undefined {
    return this.#login?.knowsEmail;
  }

  /** The subscription's window as the CLI last told of it; undefined once it is over. */
  get rateLimit(): RateLimitInfo | undefined {
    const resetsAt = this.#rateLimit?.resetsAt;
    return resetsAt !== undefined && resetsAt * 1000 <= Date.now() ? undefined : this.#rateLimit;
  }

  noteLogin({ loggedIn, knowsEmail }: InitializeAnswer): void {
    this.#login = { loggedIn, knowsEmail };
  }

  /** The CLI is to be asked again. */
  forgetLogin(): void {
    this.#login = undefined;
  }

  noteRateLimit(info: RateLimitInfo): void {
    if (info.status !== this.#rateLimit?.status) {
      this.#log.info("the subscription's window changed", { status: info.status, window: info.rateLimitType });
    }
    this.#rateLimit = info;
  }
}
