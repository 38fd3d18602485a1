import { decodeJsonText } from "../../json-text.ts";
import type { TurnEvent } from "../../turn/event.ts";

/** The page that some words of an answer are from, as OpenAI tells it. Places are counted in characters. */
export interface UrlCitation {
  readonly start_index: number;
  readonly end_index: number;
  readonly title: string;
  readonly url: string;
}

/** Collects the sources of an answer's text. The API names them inside of the text block that they belong to. */
export class Citations {
  #chars = 0;
  #blockAt = 0;
  /** The titles of the pages of the block under way, by their URLs. */
  #pages = new Map<string, string>();

  /** To be called when another message begins: its places are counted from 0. */
  restart(): void {
    this.#chars = 0;
    this.#blockAt = 0;
  }

  /** Returns the sources of a text block at its end; none for any other event. */
  take(event: TurnEvent): readonly UrlCitation[] {
    switch (event.type) {
      case "block_start":
        this.#blockAt = this.#chars;
        this.#pages.clear();
        return [];
      case "text":
        // OpenAI counts places in Unicode code points, as Python does.
        for (const _character of decodeJsonText(event.text)) this.#chars++;
        return [];
      case "citation": {
        const { url, title } = event.citation;
        if (typeof url === "string") this.#pages.set(url, typeof title === "string" ? title : "");
        return [];
      }
      case "block_stop": {
        const place = { start_index: this.#blockAt, end_index: this.#chars };
        const cited = [...this.#pages].map(([url, title]) => ({ ...place, title, url }));
        this.#pages.clear();
        return cited;
      }
      default: return [];
    }
  }
}
