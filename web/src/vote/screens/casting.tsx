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
      {trouble ? <InTrouble trouble={trouble} /> : <p class="lead strong">{t.wait}</p>}
      <Told />
      <Progress trouble={trouble} />
      {(trouble || way.task === null) && <Again busy={trouble?.again_s === 0} />}
      {trouble && <p class="muted">{way.unsaved ? t.stay : t.keep}</p>}
    </section>
  );
}

type StageState = "done" | "now" | "later" | "failed";

const MARKS = { done: "✓", later: "·", failed: "✗" } as const;

function Progress({ trouble }: { readonly trouble: Trouble | null }) {
  const t = useTexts(texts).casting;
  const { way } = useVote();
  const made = Boolean(way.voter?.pending);
  const unproven = trouble?.why === "unproven";
  const stages: readonly (readonly [string, StageState])[] = [
    [way.unsaved ? t.signed : t.saved, made ? "done" : "now"],
    [t.sent, unproven ? "done" : made ? "now" : "later"],
    [t.verified, unproven ? "failed" : "later"],
  ];
  const attempt = way.task?.doing === "sending" ? way.task.attempt : 1;
  return (
    <ol class="card stages">
      {stages.map(([name, state]) => (
        <li key={name} class={state}>
          {state === "now" ? (
            <span class="spinner" aria-hidden="true" />
          ) : (
            <span class="stage-mark" aria-hidden="true">
              {MARKS[state]}
            </span>
          )}
          <span>
            {name}
            {state === "now" && attempt > 1 && <span class="muted small"> {t.attempt(attempt)}</span>}
          </span>
          <span class="visually-hidden">{t[state]}</span>
        </li>
      ))}
    </ol>
  );
}

function InTrouble({ trouble }: { readonly trouble: Trouble }) {
  const all = useTexts(texts);
  const t = all.casting;
  const { unsaved } = useVote().way;
  const left_s = useCountdown(Math.ceil(trouble.again_s), trouble);
  const words = {
    offline: [t.offline, unsaved ? t.offlineStay : t.offlineWhy],
    unreachable: [t.unreachable, t.unreachableWhy],
    busy: [t.busy, t.busyWhy],
    unproven: [t.unproven, t.unprovenWhy],
  } as const;
  const [title, why] = words[trouble.why];
  useEffect(() => announce(`${title}. ${why}`), [title]);
  return (
    <Notice kind={trouble.why === "unproven" ? "bad" : "warn"} title={title}>
      <p>{why}</p>
      <p class="number">{left_s > 0 ? t.again(clock(all, left_s)) : t.sendingAgain}</p>
    </Notice>
  );
}

function Again({ busy }: { readonly busy: boolean }) {
  const t = useTexts(texts).casting;
  const { dispatch } = useVote();
  return (
    <button
      type="button"
      class="button primary large block"
      aria-disabled={busy}
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
      {way.voter?.receipt && (
        <button
          type="button"
          class="button primary block"
          onClick={() => dispatch({ type: "given-up" })}
        >
          {t.lastReceipt}
        </button>
      )}
    </section>
  );
}
