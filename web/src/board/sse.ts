/** Server-sent events out of a body's text, as far as the tally's stream has them. */

/** The data of an event, or a comment. */
export type Said = { readonly data: string } | { readonly comment: string };

/** Takes the text as it arrives; gives each comment, and each event once it is complete. */
export class EventReader {
  private rest = "";
  private data: string[] = [];

  push(text: string): Said[] {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    const said: Said[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) said.push({ data: this.data.join("\n") });
        this.data = [];
      } else if (line.startsWith("data:")) {
        this.data.push(line.slice(line[5] === " " ? 6 : 5));
      } else if (line.startsWith(":")) {
        said.push({ comment: line.slice(1).trim() });
      }
    }
    return said;
  }
}
