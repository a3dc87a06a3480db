/** What every screen has at hand. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Services } from "../lib/services";
import type { Storage } from "./storage";
import type { Place } from "./voter";
import type { Event, Way } from "./way";

export interface Vote {
  readonly way: Way;
  readonly services: Services;
  readonly dispatch: (event: Event) => void;
  /** Back to the screen before; `otherwise` where there is none. */
  readonly back: (otherwise: Place) => void;
  /** Null: this device keeps nothing. */
  readonly storage: Storage | null;
  /** Opens the vote anew, from what is kept. */
  readonly restart: () => void;
}

export const VoteContext = createContext<Vote | null>(null);

export function useVote(): Vote {
  const vote = useContext(VoteContext);
  if (!vote) throw new Error("a screen is shown outside of the vote");
  return vote;
}

/** Where the edition's other pages are. */
export function links(services: Services, edition: string): { board: string; check: string } {
  return {
    board: `${services.tally}/board#${edition}`,
    check: `${services.ballot}/check#${edition}`,
  };
}
