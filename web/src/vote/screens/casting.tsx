/** The ballot is on its way: not counted, and the screen says so all the time. */

import { useEffect } from "preact/hooks";

import { useTexts } from "../../lib/i18n";
import { announce } from "../../ui/live";
import { Notice, StepHeading } from "../../ui/parts";
import { useVote } from "../context";
import { texts } from "../texts";
import type { Trouble } from "../way";
import { clock, Told, useCountdown } from "./told";

export function Casting() {
  const t = useTexts(texts).casting;
  const { way } = useVote();
  if (way.notice?.slug === "voting-closed") return <TooLate />;
  const trouble = way.task?.doing === "sending" ? way.task.trouble : null;
  return (
    <section class="stack-large">
      <StepHeading>{t.title}</StepHeading>
      <p class="lead strong">{t.wait}</p>
      <Told />
      <Progress />
      {trouble && <InTrouble trouble={trouble} />}
      {(trouble || way.task === null) && <Again />}
    </section>
  );
}

function Progress() {
  const t = useTexts(texts).casting;
  const { way } = useVote();
  const saved = Boolean(way.voter?.pending);
  const attempt = way.task?.doing === "sending" ? way.task.attempt : 1;
  const stages = [
    { name: t.saved, state: saved ? "done" : "now" },
    { name: t.sent, state: saved ? "now" : "later" },
    { name: t.verified, state: "later" },
  ] as const;
  return (
    <ol class="card stages">
      {stages.map((one) => (
        <li key={one.name} class={one.state}>
          {one.state === "now" ? (
            <span class="spinner" aria-hidden="true" />
          ) : (
            <span class="stage-mark" aria-hidden="true">
              {one.state === "done" ? "✓" : "·"}
            </span>
          )}
          <span>
            {one.name}
            {one.state === "now" && attempt > 1 && (
              <span class="muted small"> {t.attempt(attempt)}</span>
            )}
          </span>
          <span class="visually-hidden">{t[one.state]}</span>
        </li>
      ))}
    </ol>
  );
}

function InTrouble({ trouble }: { readonly trouble: Trouble }) {
  const all = useTexts(texts);
  const t = all.casting;
  const left_s = useCountdown(Math.ceil(trouble.again_s), trouble);
  const words = {
    offline: [t.offline, t.offlineWhy],
    unreachable: [t.unreachable, t.unreachableWhy],
    busy: [t.busy, t.busyWhy],
    unproven: [t.unproven, t.unprovenWhy],
  } as const;
  const [title, why] = words[trouble.why];
  useEffect(() => announce(`${title}. ${why}`), [title]);
  return (
    <Notice kind={trouble.why === "unproven" ? "bad" : "warn"} title={title}>
      <p>{why}</p>
      {left_s > 0 && <p class="number">{t.again(clock(all, left_s))}</p>}
      <p>{t.keep}</p>
    </Notice>
  );
}

function Again() {
  const t = useTexts(texts).casting;
  const { dispatch } = useVote();
  return (
    <button
      type="button"
      class="button primary large block"
      onClick={() => dispatch({ type: "send-now" })}
    >
      {t.now_}
    </button>
  );
}

/** The ballot did not get in before the close. */
function TooLate() {
  const t = useTexts(texts).casting;
  const { way, dispatch } = useVote();
  return (
    <section class="stack-large">
      <StepHeading>{t.closedTitle}</StepHeading>
      <Notice kind="bad" urgent>
        <p>{t.closedWhy}</p>
        {way.voter?.receipt && <p class="notice-title">{t.closedBefore}</p>}
      </Notice>
      <button type="button" class="button block" onClick={() => dispatch({ type: "send-now" })}>
        {t.askAgain}
      </button>
    </section>
  );
}
