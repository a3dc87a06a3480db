/** How far the voter is, and in plain words whether a vote of theirs is counted. */

import { useTexts } from "../../lib/i18n";
import { texts } from "../texts";
import type { Place } from "../voter";
import type { Way } from "../way";

type StepNumber = 1 | 2 | 3 | 4 | 5;

const STEP: Record<Place, StepNumber> = {
  identify: 1,
  counter: 1,
  import: 1,
  code: 2,
  select: 3,
  review: 4,
  casting: 4,
  counted: 5,
  card: 5,
};

/** The number of the step at a place. */
export function stepAt(place: Place, counted: boolean): StepNumber {
  if (place === "card" && !counted) return 3;
  return STEP[place];
}

export function Steps({ way }: { readonly way: Way }) {
  const t = useTexts(texts);
  const at = stepAt(way.place, Boolean(way.voter?.receipt));
  return (
    <div class="progress no-print">
      <ol class="steps" aria-label={t.stepsLabel}>
        {([1, 2, 3, 4, 5] as const).map((one) => (
          <li
            key={one}
            class={one < at || at === 5 ? "past" : one === at ? "present" : ""}
            aria-current={one === at ? "step" : undefined}
          >
            <span>{t.steps[one]}</span>
          </li>
        ))}
      </ol>
      <Standing way={way} />
    </div>
  );
}

function Standing({ way }: { readonly way: Way }) {
  const t = useTexts(texts);
  const counts = Boolean(way.voter?.receipt) || (way.voter?.seq ?? 0) > 0;
  const finished = way.voter?.receipt && (way.place === "counted" || way.place === "card");
  if (finished) return null;
  const late = way.place === "casting" && way.notice?.slug === "voting-closed";
  const waiting = way.task?.doing === "sending" && way.task.trouble !== null;
  const said = late ? "late" : waiting ? "waiting" : spoken(way.place);
  const line = counts && way.place !== "casting" ? t.standing.changing : t.standing[said];
  return (
    <p class="standing">
      <strong class="tag warn">{late ? t.neverCounted : t.notCounted}</strong> <span>{line}</span>
    </p>
  );
}

function spoken(place: Place): "identify" | "code" | "select" | "review" | "casting" {
  switch (place) {
    case "code":
    case "select":
    case "review":
    case "casting":
      return place;
    case "card":
      return "select";
    default:
      return "identify";
  }
}
