import { BridgeError } from "../../../errors.ts";
import { isAbsent, stringAt } from "../../check.ts";
import { imageAt } from "../../image-block.ts";
import { contentParser, pdfAt } from "../content-parts.ts";

/** Parses the content of the Responses API's messages, and the outputs of calls. */
export const itemContent = contentParser({
  // Clients mix up the types of an input's and an output's text, and some send a chat message's.
  textTypes: ["input_text", "output_text", "text"],
  imageType: "input_image",
  fileType: "input_file",
  image: (part, path) => {
    if (typeof part["file_id"] === "string") {
      throw new BridgeError(
        "unsupported_parameter", `${path}.file_id: files are not stored here; send image_url.`,
        { field: `${path}.file_id` },
      );
    }
    return imageAt(stringAt(part["image_url"], `${path}.image_url`), `${path}.image_url`);
  },
  file: (part, path) => {
    if (typeof part["file_url"] === "string" && isAbsent(part["file_data"])) {
      throw new BridgeError(
        "unsupported_parameter", `${path}.file_url: files are not fetched here; send file_data.`,
        { field: `${path}.file_url` },
      );
    }
    return pdfAt(part, path);
  },
});
