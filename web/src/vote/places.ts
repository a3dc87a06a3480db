/** Which screens a voter may see: what lies behind them stays behind, whatever "back" says. */

import { castable, type Place, type Voter } from "./voter";
import type { Way } from "./way";

const BEFORE_CREDENTIAL: readonly Place[] = ["identify", "counter", "import"];

/** Whether the voter may go there by themselves. */
export function allowed(way: Way, place: Place): boolean {
  const { voter, facts } = way;
  if (voter?.pending) return place === "casting";
  if (!voter?.credential) {
    return BEFORE_CREDENTIAL.includes(place) || (place === "code" && Boolean(voter?.challenge));
  }
  switch (place) {
    case "select":
      return changing(way);
    case "review":
      return changing(way) && castable(facts.edition, voter.draft);
    case "counted":
      return voter.receipt !== null;
    case "card":
      return true;
    default:
      return false;
  }
}

/** Where a voter goes on who comes back. */
export function resumed(voter: Voter | null): Place {
  if (voter === null) return "identify";
  if (voter.pending) return "casting";
  if (!voter.credential) return voter.challenge && voter.place === "code" ? "code" : "identify";
  const chosen = voter.draft.length > 0;
  if (voter.place === "review" && chosen) return "review";
  if (voter.receipt && (voter.place !== "select" || !chosen)) return "counted";
  return "select";
}

/** Whether the voter makes a ballot now: the first, or one in place of that which counts. */
function changing(way: Way): boolean {
  return way.voter?.receipt === null || way.place !== "counted";
}
