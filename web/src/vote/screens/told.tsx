/** What the machine has to tell the voter, and what is under way. */

import { useEffect, useState } from "preact/hooks";

import { language, useTexts } from "../../lib/i18n";
import { Busy, Notice } from "../../ui/parts";
import { useVote } from "../context";
import { texts } from "../texts";
import type { Way } from "../way";

const HARMLESS = ["card-read", "type-again", "enough-chosen"];
const SURPRISING = ["stale-seq", "not-saved"];

/** The notice, if there is one; with the time still to wait. `id` is for `aria-describedby`. */
export function Told({ id }: { readonly id?: string }) {
  const { way, dispatch } = useVote();
  const t = useTexts(texts);
  const left_s = useCountdown(way.notice?.wait_s ?? 0, way.notice);
  if (!way.notice) return null;
  const { slug } = way.notice;
  const kind = HARMLESS.includes(slug) ? "info" : SURPRISING.includes(slug) ? "warn" : "bad";
  return (
    <div id={id}>
      <Notice kind={kind} urgent>
        <p>{textOf(t.notices, way)}</p>
        {left_s > 0 && <p class="number">{t.notices.wait(clock(t, left_s))}</p>}
        {slug === "credential-already-issued" && (
          <button
            type="button"
            class="button block"
            onClick={() => dispatch({ type: "went", place: "import" })}
          >
            {t.import.title}
          </button>
        )}
      </Notice>
    </div>
  );
}

/** What is under way with the registrar. */
export function UnderWay() {
  const t = useTexts(texts).busy;
  const { task } = useVote().way;
  if (task === null || task.doing === "signing" || task.doing === "sending") return null;
  return <Busy>{t[task.doing]}</Busy>;
}

/** Seconds left of a pause that began when `since` changed. */
export function useCountdown(pause_s: number, since: unknown): number {
  const [left_s, set] = useState(pause_s);
  useEffect(() => {
    const until = performance.now() + 1000 * pause_s;
    const tick = () => set(Math.max(0, Math.ceil((until - performance.now()) / 1000)));
    tick();
    if (pause_s <= 0) return undefined;
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, [pause_s, since]);
  return left_s;
}

/** Minutes and seconds in words. */
export function clock(t: { readonly minutes: (m: number, s: number) => string }, s: number): string {
  return t.minutes(Math.floor(s / 60), s % 60);
}

type Notices = ReturnType<typeof useTexts<typeof texts.zh>>["notices"];

function textOf(t: Notices, way: Way): string {
  const { slug = "", left = 0, text } = way.notice ?? {};
  if (slug === "wrong-code") {
    return way.place === "counter" ? t["wrong-counter-code"] : t["wrong-code"](left);
  }
  if (slug in t) {
    const known = t[slug as keyof Notices];
    if (typeof known === "string") return known;
  }
  return text ? text[language()] : t.other;
}
