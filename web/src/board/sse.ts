/** Server-sent events out of a body's text, as far as the tally's stream has them: `data` lines. */

/** Takes the text as it arrives; gives the data of each event that is complete. */
export class EventReader {
  private rest = "";
  private data: string[] = [];

  push(text: string): string[] {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    const events: string[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) events.push(this.data.join("\n"));
        this.data = [];
      } else if (line.startsWith("data:")) {
        this.data.push(line.slice(line[5] === " " ? 6 : 5));
      }
    }
    return events;
  }
}
