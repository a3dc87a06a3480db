/** The head of the dashboard: which vote, its phase, the time left, how fresh the figures are. */

import { formatTime, textsIn, useLanguage, useTexts } from "../lib/i18n";
import type { EditionView, TallySnapshot } from "../lib/views";
import seal from "../ui/seal.svg";
import { common } from "../ui/texts";
import { timeLeft } from "./countdown";
import type { Freshness } from "./freshness";
import { Both, BothOf, useHall } from "./hall";
import { State } from "./side";
import { board, clock } from "./texts";

const zh = textsIn(common, "zh");
const en = textsIn(common, "en");

interface Props {
  readonly edition: string;
  readonly view: EditionView | undefined;
  readonly snapshot: TallySnapshot;
  readonly fresh: Freshness;
  readonly now: number;
  readonly hall: boolean;
  readonly setHall: (on: boolean) => void;
}

export function Heading({ edition, view, snapshot, fresh, now, hall, setHall }: Props) {
  const t = useTexts(board);
  const shown = useLanguage();
  const title = view?.manifest.title ?? { zh: edition, en: edition };
  const phase = snapshot.phase ?? "announced";
  const wrong = snapshot.contradiction !== null;
  return (
    <header class="board-head">
      {hall && <img class="board-seal" src={seal} alt="" />}
      <div class="board-title">
        <h1>
          <BothOf {...title} shown={shown} />
        </h1>
        <p class="board-tags">
          {!wrong && (
            <span class={phase === "open" || phase === "certified" ? "tag good" : "tag"}>
              <BothOf zh={zh.phase[phase]} en={en.phase[phase]} shown={shown} />
            </span>
          )}
          {view?.manifest.demonstration && (
            <span class="tag warn">
              <BothOf zh={zh.demonstration} en={en.demonstration} shown={shown} />
            </span>
          )}
          <State fresh={fresh} />
        </p>
      </div>
      {!wrong && <When view={view} phase={phase} now={now} />}
      <button type="button" class="button hall-button" onClick={() => setHall(!hall)}>
        {hall ? t.leaveHall : t.hall}
      </button>
    </header>
  );
}

function When({
  view,
  phase,
  now,
}: {
  view: EditionView | undefined;
  phase: NonNullable<TallySnapshot["phase"]>;
  now: number;
}) {
  const before = phase === "announced" || phase === "shortlisted" || phase === "rolled";
  const time = before ? view?.manifest.opens_at : view?.manifest.closes_at;
  if (!time || !(before || phase === "open")) return null;
  const left = timeLeft(Date.parse(time), now);
  if (!left) {
    return (
      <p class="board-when over">
        <Both of={(t) => (before ? t.opening : t.closing)} />
      </p>
    );
  }
  return (
    <div class="board-when">
      <p class="when-label">
        <Both of={(t) => (before ? t.opensIn : t.closesIn)} />
      </p>
      <p class="when-left number" role="timer">
        <LeftText left={left} />
      </p>
      <At time={time} before={before} />
    </div>
  );
}

function LeftText({ left }: { left: NonNullable<ReturnType<typeof timeLeft>> }) {
  if (left.days === 0) return <>{clock(left)}</>;
  return (
    <>
      <span>{left.days}</span>{" "}
      <span class="when-unit">
        <Both of={(t) => t.days(left.days)} />
      </span>{" "}
      <span>{clock(left)}</span>
    </>
  );
}

function At({ time, before }: { time: string; before: boolean }) {
  const t = useTexts(board);
  const hall = useHall();
  const shown = useLanguage();
  if (hall) return null;
  const text = formatTime(time, undefined, shown);
  return <p class="muted small">{before ? t.opensAt(text) : t.closesAt(text)}</p>;
}
