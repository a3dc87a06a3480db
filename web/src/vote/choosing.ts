/** Choosing from the shortlist, again too after a ballot was counted. */

import { allowed } from "./places";
import type { Voter } from "./voter";
import type { Event, Step, Way } from "./way";

type Choosing = Extract<Event, { type: "toggled" | "cleared" | "change-mind" }>;

export function choosingStep(way: Way, event: Choosing): Step {
  const { voter } = way;
  if (voter === null || way.task !== null) return [way, []];
  if (event.type === "change-mind") return changeMind(way, voter);
  if (way.place !== "select" && way.place !== "review") return [way, []];
  if (!allowed(way, "select")) return [way, []];
  const draft = event.type === "cleared" ? [] : toggled(way, voter, event.id);
  if (draft === null) return [{ ...way, notice: { slug: "enough-chosen" } }, []];
  return [{ ...way, voter: { ...voter, draft }, notice: null }, []];
}

/** The draft with this initiative in or out; null if there is no room for it. */
function toggled(way: Way, voter: Voter, id: string): readonly string[] | null {
  if (voter.draft.includes(id)) return voter.draft.filter((one) => one !== id);
  if (!way.facts.edition.initiatives.some((one) => one.id === id)) return voter.draft;
  if (voter.draft.length >= way.facts.edition.manifest.max_choices) return null;
  return [...voter.draft, id];
}

/** The ballot that counts stays in place until the next one is acknowledged. */
function changeMind(way: Way, voter: Voter): Step {
  if (voter.receipt === null || way.facts.edition.phase !== "open") return [way, []];
  return [{ ...way, voter: { ...voter, draft: voter.counted }, place: "select", notice: null }, []];
}
