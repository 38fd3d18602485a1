import { objectAt, stringAt } from "../../check.ts";
import { imageAt } from "../../image-block.ts";
import { contentParser, pdfAt } from "../content-parts.ts";

/** Parses the content of chat messages. */
export const chatContent = contentParser({
  textTypes: ["text"],
  imageType: "image_url",
  fileType: "file",
  image: (part, path) => {
    const holder = part["image_url"];
    const url = typeof holder === "string" ? holder : objectAt(holder, `${path}.image_url`)["url"];
    return imageAt(stringAt(url, `${path}.image_url.url`), `${path}.image_url.url`);
  },
  file: (part, path) => pdfAt(objectAt(part["file"], `${path}.file`), `${path}.file`),
});
