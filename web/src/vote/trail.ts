/**
 * The browser's history: one entry for each screen that a voter went to by themselves.
 *
 * What a voter cannot go back to (a code that was used, a ballot that was cast) is replaced, not
 * pushed; and where "back" leads to a screen that is closed by now, the present one stays in its
 * stead. Nobody is held on the page: each "back" uses up an entry.
 */

import type { Place } from "./voter";

interface Entry {
  readonly place: Place;
  readonly depth: number;
}

const FORWARD: Partial<Record<Place, readonly Place[]>> = {
  identify: ["counter", "code", "import"],
  counter: ["import"],
  code: ["import"],
  select: ["review"],
  counted: ["select", "card"],
};

export class Trail {
  private depth = 0;

  /** `go` takes the voter to a place; `now` tells where they are after that. */
  constructor(
    private place: Place,
    private readonly go: (place: Place) => void,
    private readonly now: () => Place,
  ) {
    this.replace(place);
    addEventListener("popstate", this.popped);
  }

  /** The voter is at a place, the same or another one. */
  moved(place: Place): void {
    if (place === this.place) return;
    if (FORWARD[this.place]?.includes(place)) {
      this.depth += 1;
      history.pushState({ place, depth: this.depth } satisfies Entry, "");
      this.place = place;
    } else {
      this.replace(place);
    }
  }

  /** Back by a button of the page: as the browser's own, where there is an entry to go back to. */
  back(otherwise: Place): void {
    if (this.depth > 0) history.back();
    else this.go(otherwise);
  }

  close(): void {
    removeEventListener("popstate", this.popped);
  }

  private readonly popped = (event: PopStateEvent): void => {
    const entry = event.state as Entry | null;
    if (!entry?.place) return; // the address was changed by hand: another edition
    this.place = entry.place;
    this.depth = entry.depth;
    this.go(entry.place);
    if (this.now() !== this.place) this.replace(this.now());
  };

  private replace(place: Place): void {
    history.replaceState({ place, depth: this.depth } satisfies Entry, "");
    this.place = place;
  }
}
