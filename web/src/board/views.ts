/** What the tally answers besides its snapshot: turnout by hour, and a draw that was held. */

import { requestJson, type Request } from "../lib/http";
import type { Base64 } from "../lib/bytes";
import type { Services } from "../lib/services";
import type { ResultView } from "../lib/views";

export interface HourTurnout {
  /** When the hour begins; the log has nothing finer. */
  readonly hour: string;
  readonly ballots: number;
  readonly voters: number;
}

export interface Turnout {
  readonly edition: string;
  readonly hours: readonly HourTurnout[];
}

export interface DrawView {
  readonly tied: readonly string[];
  readonly seed: string;
  readonly root: Base64;
}

export interface ResultWithDraw extends ResultView {
  readonly draw?: DrawView | null;
}

export function showTurnout(
  services: Services,
  edition: string,
  options: Request = {},
): Promise<Turnout> {
  return requestJson(`${services.tally}${tallyPath(edition)}/turnout`, options);
}

/** Every counted ballot as a Pabulib file; there is none while choices are sealed. */
export function ballotsFileUrl(services: Services, edition: string): string {
  return `${services.tally}${tallyPath(edition)}/ballots.pb`;
}

function tallyPath(edition: string): string {
  return `/v1/editions/${encodeURIComponent(edition)}/tally`;
}
